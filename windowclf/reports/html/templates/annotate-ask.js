// Asks the service. Whatever is not answered well becomes an error that says why.

const SECONDS = 20; // until an answer is given up

// The service answered that it does not do it; `found` is its answer.
export class Refused extends Error {
  constructor(status, found) {
    super(found.error ?? `status ${status}`);
    this.status = status;
    this.found = found;
  }

  // Whether the same request may be done later: the disk is full, or there is too much to do.
  get passes() {
    return this.status >= 500 || this.status === 408 || this.status === 429;
  }
}

// Nobody answered, or something that is not this service.
export class Unreached extends Error {
  constructor() {
    super("the service does not answer; is it still running?");
  }
}

export async function ask(path, body) {
  const posted = body && {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  let answer;
  let found;
  try {
    answer = await fetch(path, { ...posted, signal: AbortSignal.timeout(1000 * SECONDS) });
    found = answer.status === 204 ? null : await answer.json();
  } catch {
    throw new Unreached();
  }
  if (!answer.ok) throw new Refused(answer.status, found);
  return found;
}

// A name that nobody else has. `crypto.randomUUID` is missing where a page comes over plain HTTP
// from another machine.
export function unique() {
  const numbers = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(numbers, (number) => number.toString(16).padStart(2, "0")).join("");
}
