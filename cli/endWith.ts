/** Thrown by a command that has said all there is to say, to end with this exit code. */
export class EndWith extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`ends with ${exitCode}`);
    this.name = 'EndWith';
    this.exitCode = exitCode;
  }
}
