/** Where this machine gets Debian packages from. */
export interface AptSource {
  mirror: string;
  /** Path of the keyring that signs it, where the entry names one. */
  keyring?: string;
}

interface Entry {
  types: string[];
  uris: string[];
  components: string[];
  suites: string[];
  signedBy: string | undefined;
  enabled: boolean;
}

/** The stanzas of a deb822 file (`*.sources`, sources.list(5)), field names in lower case. */
function stanzasOf(text: string): Map<string, string>[] {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .split(/\n\s*\n/)
    .map((stanza) => {
      const fields = new Map<string, string>();
      for (const [, name = '', value = ''] of stanza.matchAll(/^([A-Za-z-]+):[ \t]*(.*(?:\n[ \t]+.*)*)/gm)) {
        fields.set(name.toLowerCase(), value.trim());
      }
      return fields;
    })
    .filter((fields) => fields.size > 0);
}

function words(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter((word) => word !== '');
}

function entriesOfSources(text: string): Entry[] {
  return stanzasOf(text).map((fields) => ({
    types: words(fields.get('types')),
    uris: words(fields.get('uris')),
    suites: words(fields.get('suites')),
    components: words(fields.get('components')),
    signedBy: fields.get('signed-by'),
    enabled: !/^(no|false|0|off|without|disable)$/i.test(fields.get('enabled') ?? 'yes'),
  }));
}

/** The entries of a one-line file (`*.list`): `deb [option=value …] URI suite component…`. */
function entriesOfList(text: string): Entry[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*(deb)\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (!match) return [];
    const [, type = '', options = '', uri = '', suite = '', components = ''] = match;
    const signedBy = /(?:^|\s)signed-by=(\S+)/.exec(options)?.[1];
    return [{ types: [type], uris: [uri], suites: [suite], components: words(components), signedBy, enabled: true }];
  });
}

function isDebian(entry: Entry): boolean {
  const uri = entry.uris[0] ?? '';
  if (!entry.enabled || !entry.types.includes('deb') || !entry.components.includes('main')) return false;
  if (!/^(https?|file|ftp):/.test(uri)) return false;
  return /\/debian\/?$/.test(uri) || /debian-archive/.test(entry.signedBy ?? '');
}

function isRelease(suite: string): boolean {
  return !/(-security|-updates|-backports.*|\/updates)$/.test(suite);
}

/**
 * The first Debian archive that apt on this machine is configured for.
 *
 * @param files - name and text of apt's source files: `.sources` are read as deb822, all others as one-line lists
 * @returns undefined where none is Debian's
 */
export function debianSourceOf(files: readonly { name: string; text: string }[]): AptSource | undefined {
  const entries = files.flatMap(({ name, text }) =>
    name.endsWith('.sources') ? entriesOfSources(text) : entriesOfList(text),
  );
  const entry = entries.find((candidate) => isDebian(candidate) && candidate.suites.some(isRelease));
  const mirror = entry?.uris[0];
  if (mirror === undefined) return undefined;
  const keyring = words(entry?.signedBy?.replaceAll(',', ' ')).find((word) => word.startsWith('/'));
  return keyring === undefined ? { mirror } : { mirror, keyring };
}
