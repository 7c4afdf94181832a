import { readFile } from 'node:fs/promises';
import test from 'ava';
import { agentConfigurationSchema } from '../../../agent/configuration.ts';
import { probeCapabilities } from '../../../agent/health/capabilities.ts';
import { describeNode } from '../../../agent/health/describeNode.ts';
import { nodeInfoSchema } from '../../../broker/contract/documents.ts';
import { programsThrough } from '../../../host/programs.ts';
import { machineRoom } from './machineRoom.ts';

const configuration = agentConfigurationSchema.parse({
  node: 'ap1',
  broker: { url: 'mqtt://127.0.0.1' },
  dataPlane: { host: '10.77.0.2' },
  containerAddresses: { first: '10.77.1.1', last: '10.77.1.9', prefixLength: 16 },
});

test('probes a node that has all programs', async (t) => {
  const programs = await machineRoom(t);
  const probe = await probeCapabilities(programs);
  const { capabilities } = probe;
  t.regex(probe.criuVersion ?? '', /^\d+\.\d+/);
  t.regex(probe.runcVersion ?? '', /^\d+\.\d+/);
  for (const name of ['criu', 'runc', 'umoci', 'hostapd', 'dnsmasq']) {
    t.true(capabilities[name]?.available, `${name}: ${capabilities[name]?.detail}`);
  }
  t.deepEqual(capabilities['networkManager'], { available: false, detail: 'The program nmcli is not installed.' });

  // what the kernel can, asked in another way
  const kernel = await programs.run('sh', ['-c', 'zcat /proc/config.gz 2>/dev/null; true']);
  const has = (option: string) => kernel.stdout.includes(`CONFIG_${option}=y`);
  if (kernel.stdout !== '') {
    t.is(capabilities['softDirty']?.available, has('MEM_SOFT_DIRTY'));
    t.is(capabilities['userfaultfd']?.available, has('USERFAULTFD'));
    t.is(capabilities['lazyPages']?.available, has('USERFAULTFD'));
  }
  for (const [name, capability] of Object.entries(capabilities)) {
    if (!capability.available) t.regex(capability.detail ?? '', /\S/, `${name} says why`);
  }
});

test('a missing program is an answer', async (t) => {
  // a machine without any of them: no folder to look in
  const probe = await probeCapabilities(programsThrough(['env', 'PATH=/nonexistent']));
  t.is(probe.criuVersion, undefined);
  t.deepEqual(probe.capabilities['criu'], { available: false, detail: 'The program criu is not installed.' });
  t.deepEqual(probe.capabilities['lazyPages'], { available: false, detail: 'The program criu is not installed.' });
  t.true(Object.values(probe.capabilities).every(({ available }) => !available));
  t.true(probe.memoryBytes > 0);
});

test('describes the node as the contract wants it', async (t) => {
  const probe = await probeCapabilities(programsThrough(['env', 'PATH=/nonexistent']));
  const at = new Date('2026-11-22T00:00:00Z');
  const info = describeNode({ configuration, session: 's1', probe, radios: [], agentVersion: '0.1.0', at });
  t.deepEqual(nodeInfoSchema.parse(info), info);
  t.like(info, { session: 's1', at: '2026-11-22T00:00:00.000Z', accessPoint: false, maxContainers: 32 });
  t.is(info.kernel, (await readFile('/proc/sys/kernel/osrelease', 'utf8')).trim());
  t.deepEqual(info.dataPlane, { host: '10.77.0.2', port: 7461 });
  t.true(info.pageSizeBytes >= 4096 && Number.isInteger(Math.log2(info.pageSizeBytes)));
});
