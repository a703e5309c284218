// Requests to the service. Every failure is thrown as an error with its reason.

const SECONDS = 20; // before a request is abandoned

// The service refused the request; `found` is its answer.
export class Refused extends Error {
  constructor(status, found) {
    super(found.error ?? `status ${status}`);
    this.status = status;
    this.found = found;
  }

  // Whether the same request may succeed later: the disk is full, or the service is overloaded.
  get passes() {
    return this.status >= 500 || this.status === 408 || this.status === 429;
  }
}

// No answer came, or one that is not from this service.
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

// Return a unique name. `crypto.randomUUID` is missing on a page that comes over plain HTTP from
// another machine.
export function unique() {
  const numbers = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(numbers, (number) => number.toString(16).padStart(2, "0")).join("");
}
