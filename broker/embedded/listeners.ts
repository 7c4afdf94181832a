import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createConnection, createServer, type ListenOptions, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { TagalongError } from '../contract/errors.ts';
import type { BrokerConfiguration } from './configuration.ts';

/** One open port or path. */
export interface Listener {
  url: string;
  close(): Promise<void>;
}

type Accept = (stream: Duplex) => void;

async function listen(server: Server, options: ListenOptions, field: string): Promise<void> {
  try {
    server.listen(options);
    await once(server, 'listening');
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new TagalongError('bad-configuration', { file: 'broker', field, problem }, error);
  }
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

async function listenForMqtt(host: string, port: number, maximum: number, accept: Accept): Promise<Listener> {
  const server = createServer({ noDelay: true }, accept);
  server.maxConnections = maximum;
  await listen(server, { host, port }, 'listeners.mqtt');
  return { url: `mqtt://${urlHost(host)}:${portOf(server)}`, close: () => closed(server) };
}

async function listenForWebSockets(
  host: string,
  port: number,
  maximum: number,
  maximumPacketBytes: number,
  accept: Accept,
): Promise<Listener> {
  const server = createHttpServer({ noDelay: true }, (_, response) => {
    response.writeHead(426, { 'content-type': 'text/plain' }).end('MQTT over WebSocket only\n');
  });
  server.maxConnections = maximum;
  // ws holds a whole frame before it hands it on; the fixed header and a little more fit besides the largest packet
  const sockets = new WebSocketServer({
    server,
    maxPayload: maximumPacketBytes + 1024,
    // [MQTT-6.0.0-3]
    handleProtocols: (protocols) => (protocols.has('mqtt') ? 'mqtt' : false),
  });
  sockets.on('connection', (socket) => accept(createWebSocketStream(socket)));
  sockets.on('error', () => undefined); // the server's own, which listen() reports
  await listen(server, { host, port }, 'listeners.ws');
  return {
    url: `ws://${urlHost(host)}:${portOf(server)}`,
    close: async () => {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
      await closed(server);
    },
  };
}

/** Whether someone answers at the path; a socket file that a killed broker has left does not. */
async function isServed(path: string): Promise<boolean> {
  const probe = createConnection({ path });
  try {
    await once(probe, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    probe.destroy();
  }
}

async function listenAtPath(path: string, maximum: number, accept: Accept): Promise<Listener> {
  if (await isServed(path)) {
    const problem = `another broker listens at ${path}`;
    throw new TagalongError('bad-configuration', { file: 'broker', field: 'listeners.unix.path', problem });
  }
  await rm(path, { force: true });
  const server = createServer(accept);
  server.maxConnections = maximum;
  await listen(server, { path }, 'listeners.unix.path');
  await chmod(path, 0o660);
  return { url: `unix:${path}`, close: () => closed(server) };
}

/**
 * Opens all listeners of the configuration, or none.
 *
 * @param accept - is given each new connection
 * @throws TagalongError `bad-configuration` naming the listener, for instance where a port is taken
 */
export async function openListeners(
  configuration: BrokerConfiguration,
  accept: Accept,
): Promise<Partial<Record<'mqtt' | 'ws' | 'unix', Listener>>> {
  const { mqtt, ws, unix } = configuration.listeners;
  const { maximumConnections: maximum, maximumPacketBytes } = configuration;
  const open: Partial<Record<'mqtt' | 'ws' | 'unix', Listener>> = {};
  try {
    if (mqtt) open.mqtt = await listenForMqtt(mqtt.host, mqtt.port, maximum, accept);
    if (ws) open.ws = await listenForWebSockets(ws.host, ws.port, maximum, maximumPacketBytes, accept);
    if (unix) open.unix = await listenAtPath(unix.path, maximum, accept);
    return open;
  } catch (error) {
    await Promise.all(Object.values(open).map((listener) => listener.close()));
    throw error;
  }
}
