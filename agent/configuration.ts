import { z } from 'zod';
import { idSchema } from '../broker/contract/ids.ts';

/**
 * The configuration of one agent, a YAML file (`/etc/tagalong/agent.yaml`).
 *
 * Provisioning and the lab write it; `tagalong agent --config FILE` reads it.
 */
export const agentConfigurationSchema = z.strictObject({
  site: idSchema.default('default'),
  node: idSchema,
  broker: z.strictObject({ url: z.string(), username: z.string().optional(), password: z.string().optional() }),
  /** On a disk: images, container file systems, volumes, journal. */
  dataDirectory: z.string().startsWith('/').default('/var/lib/tagalong'),
  /** On a tmpfs: checkpoint images on their way. */
  runDirectory: z.string().startsWith('/').default('/run/tagalong'),
  /** The bridge that containers and stations are on. */
  bridge: z.string().default('br0'),
  /** Where other agents reach this one. */
  dataPlane: z.strictObject({ host: z.string(), port: z.int().min(1).max(65535).default(7461) }),
  containerAddresses: z.strictObject({
    /** Inclusive range that this node gives out, apart from those of the other nodes. */
    first: z.ipv4(),
    last: z.ipv4(),
    prefixLength: z.int().min(8).max(30),
    gateway: z.ipv4().optional(),
  }),
  maxContainers: z.int().positive().default(32),
  /** How much memory of containers that are elsewhere may be kept for their return; a quarter of the machine's by default. */
  keptMemoryBytes: z.int().nonnegative().optional(),
  /** How much of their files, likewise; a tenth of the disk by default. */
  keptFilesBytes: z.int().nonnegative().optional(),
  telemetryMs: z.int().positive().default(5000),
  accessPoint: z
    .strictObject({
      /** Interfaces that hostapd serves. */
      interfaces: z.array(z.string()).min(1),
      hostapdControlDirectory: z.string().default('/run/hostapd'),
      leaseFile: z.string().default('/var/lib/misc/dnsmasq.leases'),
    })
    .optional(),
});

export type AgentConfiguration = z.output<typeof agentConfigurationSchema>;
