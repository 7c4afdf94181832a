import test from 'ava';
import { debianSourceOf } from '../../../provisioning/lab/aptSource.ts';

test('reads a deb822 file, with the keyring, past comments and disabled and foreign entries', (t) => {
  const text = `# a comment
Types: deb
URIs: https://packages.example.org/apt
Suites: stable
Components: main

Enabled: no
Types: deb
URIs: http://off.example.org/debian
Suites: trixie
Components: main

Types: deb deb-src
# another
URIs: http://mirror.example.org/debian http://second.example.org/debian
Suites: bookworm bookworm-updates
Components: main
 contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`;
  t.deepEqual(debianSourceOf([{ name: 'debian.sources', text }]), {
    mirror: 'http://mirror.example.org/debian',
    keyring: '/usr/share/keyrings/debian-archive-keyring.gpg',
  });
});

test('reads a one-line file, past security, sources and comments', (t) => {
  const text = `# deb http://comment.example.org/debian bookworm main
deb-src http://source.example.org/debian bookworm main
deb http://mirror.example.org/debian-security bookworm-security main
deb [arch=amd64 signed-by=/etc/apt/k.gpg] http://mirror.example.org/debian/ bookworm main contrib # why
deb http://second.example.org/debian bookworm main
`;
  t.deepEqual(debianSourceOf([{ name: 'sources.list', text }]), {
    mirror: 'http://mirror.example.org/debian/',
    keyring: '/etc/apt/k.gpg',
  });
});

test('a key inside the entry is not a path', (t) => {
  const text = `Types: deb
URIs: http://mirror.example.org/debian
Suites: trixie
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF/x
 -----END PGP PUBLIC KEY BLOCK-----
`;
  t.deepEqual(debianSourceOf([{ name: 'x.sources', text }]), { mirror: 'http://mirror.example.org/debian' });
});

test('a machine without a Debian archive has none', (t) => {
  t.is(debianSourceOf([]), undefined);
  t.is(debianSourceOf([{ name: 'a.list', text: 'deb http://x.example.org/ubuntu noble main\n' }]), undefined);
});
