import type { Aedes, AedesOptions, AedesPublishPacket, AuthenticateError, Client, PublishPacket } from 'aedes';
import type { Log } from '../connection.ts';
import { mayLeaveWill, mayReceive, maySubscribe } from '../contract/acl.ts';
import { rootOf } from '../contract/address.ts';
import type { auditSchema } from '../contract/documents.ts';
import { auditMessage } from './audit.ts';
import { makeAuditLimit } from './auditLimit.ts';
import type { BrokerConfiguration, User } from './configuration.ts';
import { judgePublication } from './judge.ts';
import type { OversizeMarker } from './packetSizeLimit.ts';
import type { RetainedDocuments } from './retainedDocuments.ts';
import { type Identity, identify, type Refusal } from './users.ts';

type Hooks = Required<
  Pick<AedesOptions, 'preConnect' | 'authenticate' | 'authorizePublish' | 'authorizeSubscribe' | 'authorizeForward'>
>;
type Action = (typeof auditSchema)['_output']['action'];
type Details = { topic: string; bytes: number; reason: string };

/** Outside of every site, so that nobody may hear it. */
const unheardTopic = '$SYS/tagalong/dropped';

export interface Gate {
  hooks: Hooks;
  /** Says on the audit topic that the connection of a client was cut. */
  reportCut(client: Client | undefined, reason: string): void;
}

export interface GateOptions {
  configuration: BrokerConfiguration;
  users: ReadonlyMap<string, User>;
  marker: OversizeMarker;
  documents: Pick<RetainedDocuments, 'isCurrent'>;
  /** The broker, once it has started. */
  broker(): Aedes;
  log: Log;
}

function connackError({ returnCode, reason }: Refusal): AuthenticateError {
  return Object.assign(new Error(reason), { returnCode });
}

/** Who may connect, publish, subscribe and hear: the hooks of aedes, which carry out what the pure functions judge. */
export function makeGate({ configuration, users, marker, documents, broker, log }: GateOptions): Gate {
  const { site, anonymous, maximumPacketBytes } = configuration;
  const identities = new WeakMap<Client, Identity>();
  const wills = new WeakMap<Client, string>();
  const auditLimit = makeAuditLimit();

  /** @returns undefined where too much has been said about this user already */
  function audit(client: Client, action: Action, details: Details) {
    const { user, role } = identities.get(client) ?? { user: 'unknown', role: 'none' };
    const passedOver = auditLimit.admit(user, performance.now());
    if (passedOver === undefined) return undefined;
    const reason = passedOver === 0 ? details.reason : `${details.reason} (${passedOver} more before it were not told)`;
    log.warn({ user, client: client.id, action, ...details, reason }, 'not let through');
    return auditMessage(site, { user, role, client: client.id, action, ...details, reason });
  }

  function publishAudit(client: Client, action: Action, details: Details) {
    const message = audit(client, action, details);
    if (message === undefined) return;
    const packet = { ...message, cmd: 'publish', qos: 0, dup: false, retain: false } as const;
    broker().publish(packet, (error) => {
      if (error) log.warn({ err: error }, 'an audit could not be published');
    });
  }

  async function admit(client: Client, username: string | undefined, password: Buffer | undefined): Promise<Identity> {
    const credentials = { clientId: client.id, username, password: password?.toString('utf8') };
    const identity = await identify(users, anonymous, credentials);
    if ('returnCode' in identity) throw connackError(identity);
    const present = (broker() as unknown as { clients: Record<string, Client> }).clients[client.id];
    const holder = present === undefined ? undefined : identities.get(present);
    if (holder !== undefined && holder.user !== identity.user)
      throw connackError({ returnCode: 2, reason: `the client id ${client.id} is in use by another user` });
    const will = wills.get(client);
    if (will !== undefined && !mayLeaveWill(identity.role, identity.user, site, will))
      throw connackError({ returnCode: 5, reason: `${identity.user} may not leave a will on ${will}` });
    return identity;
  }

  const hooks: Hooks = {
    preConnect(client, packet, done) {
      if (packet.will) wills.set(client, packet.will.topic);
      // sessions end with their connection: what would wait for those who are away has no bound
      packet.clean = true;
      done(null, true);
    },
    authenticate(client, username, password, done) {
      admit(client, username, password).then(
        (identity) => {
          identities.set(client, identity);
          done(null, true);
        },
        (error: AuthenticateError) => {
          log.warn({ user: username, client: client.id, reason: error.message }, 'connection refused');
          done(error, false);
        },
      );
    },
    authorizePublish(client, packet, done) {
      const identity = client === null ? undefined : identities.get(client);
      // without a client it is a will that an earlier run of this broker has left, judged when it was made
      if (client === null || identity === undefined) return done(null);
      const payload = Buffer.from(packet.payload);
      const oversizeBytes = marker.bytesOf(payload);
      const publication = {
        topic: packet.topic,
        payload,
        retain: packet.retain,
        ...(oversizeBytes === undefined ? {} : { oversizeBytes }),
      };
      const verdict = judgePublication(site, identity, publication, maximumPacketBytes);
      if (verdict.allowed) {
        packet.retain = verdict.retain;
        return done(null);
      }
      // an error would close the connection, and mqtt.js would send the message again for ever
      redirect(
        packet,
        audit(client, 'publish', {
          topic: packet.topic,
          bytes: oversizeBytes ?? payload.length,
          reason: verdict.reason,
        }) ?? { topic: unheardTopic, payload: Buffer.alloc(0) },
      );
      done(null);
    },
    authorizeSubscribe(client, subscription, done) {
      const identity = identities.get(client);
      if (identity && maySubscribe(identity.role, identity.user, site, subscription.topic))
        return done(null, subscription);
      const reason = `not-permitted: may not subscribe to all of ${subscription.topic}`;
      publishAudit(client, 'subscribe', { topic: subscription.topic, bytes: 0, reason });
      done(null, null); // [MQTT-3.9.3-2] return code 0x80
    },
    authorizeForward(client, packet: AedesPublishPacket) {
      // aedes reads stored documents ahead of sending them: a newer one, which the client has been sent, must stay the last
      const isStored = packet.retain && packet.brokerId === null;
      if (isStored && !documents.isCurrent(packet)) return null;
      const identity = identities.get(client);
      return identity && mayReceive(identity.role, identity.user, site, packet.topic) ? packet : null;
    },
  };

  return {
    hooks,
    reportCut(client, reason) {
      if (client === undefined || !identities.has(client)) {
        log.warn({ reason }, 'a connection was cut before it was let in');
        return;
      }
      publishAudit(client, 'connect', { topic: rootOf(site), bytes: 0, reason });
    },
  };
}

function redirect(packet: PublishPacket, { topic, payload }: { topic: string; payload: Buffer }): void {
  packet.topic = topic;
  packet.payload = payload;
  packet.retain = false;
}
