export class Review {
  constructor(given) { Object.assign(this, given); }
  toggle() {}
}
