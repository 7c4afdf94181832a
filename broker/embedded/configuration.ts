import { z } from 'zod';
import { idSchema } from '../contract/ids.ts';
import { maximumMessageBytes } from '../contract/read.ts';
import { parameterSchemas, roles } from '../contract/topics.ts';

const userName = parameterSchemas['user'] ?? z.string();

/** One who may connect: with a password in clear (tests, the lab) or as {@link hashPassword} made it. */
export const userSchema = z
  .strictObject({
    name: userName,
    role: z.enum(roles),
    password: z.string().min(1).optional(),
    passwordHash: z.string().startsWith('$scrypt$').optional(),
  })
  .refine((user) => (user.password === undefined) !== (user.passwordHash === undefined), {
    path: ['passwordHash'],
    message: 'give either a password or a passwordHash',
  })
  .refine((user) => user.role !== 'node' || idSchema.safeParse(user.name).success, {
    path: ['name'],
    message: 'the name of a node must be 1 to 63 lower-case letters, digits or hyphens, not starting with a hyphen',
  });
export type User = z.output<typeof userSchema>;

/** The users file (YAML): `users:` and a list of {@link userSchema}. */
export const usersFileSchema = z.strictObject({ users: z.array(userSchema) });

const port = z.int().min(0).max(65535);

/** The configuration of the embedded broker. Port 0 takes any free one. */
export const brokerConfigurationSchema = z.strictObject({
  site: idSchema.default('default'),
  listeners: z
    .strictObject({
      mqtt: z.strictObject({ host: z.string().default('127.0.0.1'), port: port.default(1883) }).optional(),
      ws: z.strictObject({ host: z.string().default('127.0.0.1'), port: port.default(8083) }).optional(),
      /** Path of a Unix socket: it is reached from the same machine also when the broker runs in a network namespace. */
      unix: z.strictObject({ path: z.string().startsWith('/').max(107) }).optional(),
    })
    .default({ mqtt: { host: '127.0.0.1', port: 1883 } }),
  users: z.array(userSchema).default([]),
  /** Read at start, besides `users`. */
  usersFile: z.string().optional(),
  /** The role of those who give no user name. */
  anonymous: z.enum(['none', 'controller', 'operator', 'viewer']).default('none'),
  /** Where retained documents and wills survive a restart. Without it they are in memory. */
  persistenceDirectory: z.string().startsWith('/').optional(),
  maximumPacketBytes: z.int().min(1024).default(maximumMessageBytes),
  /** Wills of a broker that was killed are published about four of these after the next one has started. */
  heartbeatMs: z.int().positive().default(2000),
  /** A subscriber whose connection takes nothing for this long is disconnected. */
  drainTimeoutMs: z.int().positive().default(10_000),
  /** A subscriber for which more than this waits is disconnected. */
  maximumQueuedBytes: z
    .int()
    .positive()
    .default(8 * 1024 * 1024),
  maximumConnections: z.int().positive().default(1000),
});

export type BrokerConfiguration = z.output<typeof brokerConfigurationSchema>;
export type BrokerConfigurationDraft = z.input<typeof brokerConfigurationSchema>;
