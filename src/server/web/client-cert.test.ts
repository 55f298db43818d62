import assert from 'node:assert/strict';
import { test } from 'node:test';
import { subjectAltNames } from './client-cert.ts';

/** As Node writes them: https://nodejs.org/api/crypto.html#x509subjectaltname */
test('subjectAltNames parses the names of a certificate, and none if they are ambiguous', () => {
  const table: Record<string, string[]> = {
    '': [],
    'DNS:a.example': ['a.example'],
    'DNS:a.example, DNS:b.example': ['a.example', 'b.example'],
    'email:a@b.example, URI:spiffe://x/y, IP Address:192.0.2.7': ['a@b.example', 'spiffe://x/y', '192.0.2.7'],
    'IP Address:2001:DB8:0:0:0:0:0:1': ['2001:db8::1'],
    'DNS:"a, DNS:b.example"': ['a, DNS:b.example'],
    'URI:"spiffe://x/a\\u002cb\\"c", DNS:d': ['spiffe://x/a,b"c', 'd'],
    'DirName:"CN = x, DNS:a.example", DNS:b': ['b'],
    'Registered ID:1.2.3, othername:<unsupported>, othername:UPN:"x, DNS:a", DNS:b': ['b'],
    'DNS:a"b, DNS:c': [],
    'DNS:"a, DNS:c': [],
    'DNS:"\\x", DNS:c': [],
    'DNS:a,DNS:b': [],
    'nonsense, DNS:b': [],
  };
  for (const [subjectAltName, names] of Object.entries(table))
    assert.deepEqual(subjectAltNames({ subjectAltName }), names, subjectAltName);
  assert.deepEqual(subjectAltNames({ subjectAltName: undefined }), []);
});
