/** What a value of each scalar type is once it is decoded. Text stays bytes: a path need not be UTF-8, and must survive. */
export interface ScalarValues {
  uint32: number;
  int32: number;
  sint32: number;
  fixed32: number;
  uint64: bigint;
  int64: bigint;
  sint64: bigint;
  fixed64: bigint;
  bool: boolean;
  text: Uint8Array;
  bytes: Uint8Array;
}

/** The scalar types that CRIU's images use; an enumeration is an `int32`, so that unknown values survive. */
export type ScalarName = keyof ScalarValues;

export type Rule = 'required' | 'optional' | 'repeated';

/** One field of a message: its number on the wire, how often it occurs, and what it holds. */
export interface Field<R extends Rule = Rule, T extends ScalarName | Shape = ScalarName | Shape> {
  number: number;
  rule: R;
  type: T;
}

export type Fields = Record<string, Field>;

/** The shape of a message: what can be told of it before any bytes are seen. */
export interface Shape<F extends Fields = Fields> {
  name: string;
  fields: F;
}

type Value<T> = T extends ScalarName ? ScalarValues[T] : T extends Shape<infer F> ? Decoded<F> : never;

type NamesOf<F extends Fields, R extends Rule> = { [K in keyof F]: F[K]['rule'] extends R ? K : never }[keyof F];

type Decoded<F extends Fields> = { [K in NamesOf<F, 'required'>]: Value<F[K]['type']> } & {
  [K in NamesOf<F, 'optional'>]?: Value<F[K]['type']> | undefined;
} & { [K in NamesOf<F, 'repeated'>]: Value<F[K]['type']>[] };

/** A decoded message of a shape. Fields that the shape does not know ride along unseen. */
export type MessageOf<S extends Shape> = S extends Shape<infer F> ? Decoded<F> : never;

/** A field that every writer writes; a message without it is not valid. */
export function required<T extends ScalarName | Shape>(number: number, type: T): Field<'required', T> {
  return { number, rule: 'required', type };
}

/** A field that may be missing; it is then `undefined`. */
export function optional<T extends ScalarName | Shape>(number: number, type: T): Field<'optional', T> {
  return { number, rule: 'optional', type };
}

/** A field that occurs any number of times; it is an array. */
export function repeated<T extends ScalarName | Shape>(number: number, type: T): Field<'repeated', T> {
  return { number, rule: 'repeated', type };
}

/**
 * The shape of a message.
 *
 * @param name - the name that CRIU gives it
 * @param fields - its fields, by the names that CRIU gives them, in camel case
 */
export function shape<const F extends Fields>(name: string, fields: F): Shape<F> {
  return { name, fields };
}
