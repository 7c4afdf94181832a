import { InvalidArgumentError } from 'commander';

/**
 * Makes a reader of whole numbers within limits.
 *
 * @throws InvalidArgumentError (the reader) naming the limits
 */
export function countBetween(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`"${text}" is not a whole number from ${minimum} to ${maximum}.`);
  };
}
