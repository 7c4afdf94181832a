import { z } from 'zod';
import { addressSchema, idSchema, instantSchema, macSchema, requestIdSchema } from './ids.ts';

const count = z.int().nonnegative();
const bytes = z.int().nonnegative();
const durationMs = z.number().nonnegative();

/** `node/{node}/state`: is the agent there. `session` is new at each start of the agent; the will carries the same one. */
export const nodeStateSchema = z.object({
  status: z.enum(['online', 'draining', 'offline']),
  session: z.string().min(1),
  reason: z.string().optional(),
  at: instantSchema,
});

/** One thing that this node can or cannot do, as probed and not as guessed. */
export const capabilitySchema = z.object({
  available: z.boolean(),
  detail: z.string().optional(),
});

export const radioSchema = z.object({
  interface: z.string(),
  bssid: macSchema.optional(),
  ssid: z.string().optional(),
  channel: count.optional(),
});

/** `node/{node}/info`: the birth certificate. */
export const nodeInfoSchema = z.object({
  session: z.string().min(1),
  at: instantSchema,
  agentVersion: z.string(),
  hostName: z.string(),
  architecture: z.string(),
  kernel: z.string(),
  pageSizeBytes: bytes,
  cpuModel: z.string().optional(),
  cpuFeatures: z.array(z.string()),
  cpuCount: count,
  memoryBytes: bytes,
  cgroup: z.enum(['v1', 'v2', 'hybrid', 'none']),
  criuVersion: z.string().optional(),
  runcVersion: z.string().optional(),
  /** criu, runc, softDirty, userfaultfd, lazyPages, netem, umoci, hostapd, dnsmasq, networkManager … */
  capabilities: z.record(z.string(), capabilitySchema),
  dataPlane: z.object({ host: z.string(), port: z.int().min(1).max(65535) }),
  radios: z.array(radioSchema),
  accessPoint: z.boolean(),
  maxContainers: count,
});

const linkSchema = z.object({
  rttMs: durationMs.optional(),
  throughputBytesPerSecond: z.number().nonnegative().optional(),
});

/** `node/{node}/telemetry`. */
export const telemetrySchema = z.object({
  session: z.string().min(1),
  sequence: count,
  at: instantSchema,
  cpuFraction: z.number().min(0).max(1),
  load: z.tuple([z.number(), z.number(), z.number()]),
  memoryAvailableBytes: bytes,
  memoryBytes: bytes,
  diskAvailableBytes: bytes,
  diskBytes: bytes,
  temperatureCelsius: z.number().optional(),
  containers: count,
  links: z.record(idSchema, linkSchema),
  stations: z.array(
    z.object({
      mac: macSchema,
      signalDbm: z.number().optional(),
      rxBytes: bytes.optional(),
      txBytes: bytes.optional(),
    }),
  ),
  surroundings: z
    .array(
      z.object({ bssid: macSchema, ssid: z.string(), channel: count.optional(), signalPercent: z.number().optional() }),
    )
    .optional(),
});

/** `node/{node}/client/{mac}`: the association as this access point sees it. */
export const nodeClientSchema = z.object({
  mac: macSchema,
  node: idSchema,
  session: z.string().min(1),
  interface: z.string(),
  bssid: macSchema.optional(),
  ssid: z.string().optional(),
  since: instantSchema,
  signalDbm: z.number().optional(),
  rxBytes: bytes.optional(),
  txBytes: bytes.optional(),
  address: addressSchema.optional(),
  hostName: z.string().optional(),
});

/** `node/{node}/client/{mac}/event`. */
export const clientEventSchema = z.object({
  event: z.enum(['associated', 'disassociated']),
  mac: macSchema,
  node: idSchema,
  session: z.string().min(1),
  sequence: count,
  interface: z.string(),
  at: instantSchema,
});

export const containerStatusSchema = z.enum(['creating', 'running', 'frozen', 'stopped', 'failed']);

export const volumeSchema = z.object({
  /** A managed volume: it travels with the container. */
  name: idSchema.optional(),
  /** A directory of the node: it must exist on the other node, and does not travel. */
  bind: z.string().startsWith('/').optional(),
  target: z.string().startsWith('/'),
  readOnly: z.boolean().optional(),
});

export const imageReferenceSchema = z.object({
  kind: z.enum(['bundle', 'oci', 'rootfs']),
  /** Path on the node where it was started; `path:tag` for an OCI image layout. */
  path: z.string().min(1),
  digest: z.string().optional(),
});

/** `node/{node}/container/{name}`: what runs here. */
export const nodeContainerSchema = z.object({
  name: idSchema,
  node: idSchema,
  generation: count,
  status: containerStatusSchema,
  image: imageReferenceSchema,
  address: addressSchema.optional(),
  mac: macSchema,
  memoryBytes: bytes.optional(),
  memoryLimitBytes: bytes.optional(),
  follows: macSchema.optional(),
  pinned: z.boolean(),
  since: instantSchema,
  migration: requestIdSchema.optional(),
  /** Nodes that are kept warm for it, and since when what they have is as it was here. */
  prepared: z.array(z.object({ node: idSchema, at: instantSchema, baseBytes: bytes })).optional(),
  error: z.string().optional(),
});

export const techniqueSchema = z.enum(['cold', 'pre-copy', 'post-copy', 'hybrid']);

export const migrationPhaseSchema = z.enum([
  'accepted',
  'preparing',
  'copying',
  'freezing',
  'switching',
  'restoring',
  'lazy',
  'completed',
  'failed',
  'cancelled',
]);

export const errorReportSchema = z.object({
  code: z.string(),
  message: z.string(),
  remedy: z.string(),
  details: z.record(z.string(), z.unknown()).optional(),
});

/** Why and by whom a migration was asked for. */
export const triggerSchema = z.enum(['manual', 'follow-user', 'drain']);

/** What a migration is expected to cost, from what was measured before it. */
export const estimateSchema = z.object({
  technique: techniqueSchema,
  downtimeMs: durationMs,
  /** How long its processes wait, when they run again, for pages that they need at once and that did not come along. */
  waitingMs: durationMs.optional(),
  totalMs: durationMs,
  sentBytes: bytes,
});

/** One round of pre-copy: what was sent ahead while the container ran. */
export const roundSchema = z.object({
  durationMs,
  /** Pages that differed from what the destination had. */
  changedBytes: bytes,
  /** What they took on the wire. */
  sentBytes: bytes,
});

/** `node/{node}/migration/{id}` and its `/event`. The last event of a migration holds the whole account. */
export const migrationSchema = z.object({
  id: requestIdSchema,
  container: idSchema,
  generation: count,
  from: idSchema,
  to: idSchema,
  technique: techniqueSchema,
  techniqueReason: z.string(),
  trigger: triggerSchema,
  reasons: z.array(z.string()),
  client: macSchema.optional(),
  associatedAt: instantSchema.optional(),
  phase: migrationPhaseSchema,
  at: instantSchema,
  startedAt: instantSchema,
  committedAt: instantSchema.optional(),
  /** Finished phases in order, the present one without a duration. */
  phases: z.array(
    z.object({
      phase: migrationPhaseSchema,
      startedAt: instantSchema,
      durationMs: durationMs.optional(),
      sentBytes: bytes,
    }),
  ),
  progress: z.object({ sentBytes: bytes, totalBytes: bytes.optional() }),
  /** What was expected before it began; `downtimeMs`, `totalMs` and `sentBytes` say what came of it. */
  estimate: estimateSchema.optional(),
  rounds: z.array(roundSchema).optional(),
  /** Memory and files that the destination had already, from an earlier visit or a preparation, and that were not sent. */
  savedBytes: bytes.optional(),
  /** Freeze to resume, by the clocks of both nodes' agents; the silence that a client sees is a little longer. */
  downtimeMs: durationMs.optional(),
  /** What the pause was spent on, in order; some of it side by side. */
  downtimeParts: z.record(z.string(), durationMs).optional(),
  totalMs: durationMs.optional(),
  /** From the association that triggered it to the commit. */
  followMs: z.number().optional(),
  sentBytes: bytes,
  error: errorReportSchema.optional(),
});

/** `client/{mac}`: the fused record of one client. `node` is null when the client has left. */
export const fusedClientSchema = z.object({
  mac: macSchema,
  node: idSchema.nullable(),
  previous: idSchema.optional(),
  since: instantSchema,
  address: addressSchema.optional(),
  hostName: z.string().optional(),
  signalDbm: z.number().optional(),
  containers: z.array(idSchema),
  /** The newest stamp known of each access point, so that a restarted controller knows what is no news. */
  associations: z
    .array(z.object({ node: idSchema, session: z.string(), since: instantSchema, superseded: z.boolean() }))
    .optional(),
});

/** `container/{name}`: the fused record of one container. */
export const fusedContainerSchema = z.object({
  name: idSchema,
  node: idSchema,
  generation: count,
  status: containerStatusSchema,
  follows: macSchema.optional(),
  pinned: z.boolean(),
  migration: requestIdSchema.optional(),
  at: instantSchema,
});

/** `decision`: one verdict of a policy, holds included. */
export const decisionSchema = z.object({
  id: requestIdSchema,
  at: instantSchema,
  policy: idSchema,
  container: idSchema,
  client: macSchema.optional(),
  verdict: z.enum(['migrate', 'hold', 'refuse']),
  from: idSchema.optional(),
  to: idSchema.optional(),
  /** Stable words such as `client-moved`, `dwell-time`, `cooldown`, `pinned`. */
  reasons: z.array(z.string()),
  explanation: z.string(),
  candidates: z.array(z.object({ node: idSchema, eligible: z.boolean(), reasons: z.array(z.string()) })),
  inputs: z.record(z.string(), z.unknown()),
  migration: requestIdSchema.optional(),
});

/** `policy/{name}`: the parameters of a policy; only `follow-user` exists today. */
export const policySchema = z.object({
  kind: z.literal('follow-user'),
  enabled: z.boolean().default(true),
  /** How long a client must have been at its new access point before its container moves. */
  dwellMs: durationMs.default(200),
  /** How long after a move the same container rests. */
  cooldownMs: durationMs.default(2000),
  /** Going back to the node it just left asks for this many times the dwell time. */
  returnDwellFactor: z.number().min(1).default(2),
  /** A disconnect followed by a connect at the same access point within this time is one event. */
  debounceMs: durationMs.default(300),
  /** After a failed or refused migration, wait this long, doubling up to a minute. */
  retryMs: durationMs.default(2000),
});

/** `policy/{name}/state`. */
export const policyStateSchema = z.object({
  loaded: z.boolean(),
  at: instantSchema,
  error: z.string().optional(),
  policy: policySchema.optional(),
  cooldowns: z.record(idSchema, instantSchema),
  /** What the policy remembers of each container across restarts of the controller; only the policy itself reads it. */
  memory: z.record(idSchema, z.unknown()).optional(),
});

/** `audit/{user}`: what the broker would not let a user do, bad documents, and connections that it cut. */
export const auditSchema = z.object({
  at: instantSchema,
  client: z.string(),
  role: z.string(),
  action: z.enum(['publish', 'subscribe', 'connect']),
  topic: z.string(),
  bytes: bytes,
  reason: z.string(),
});
