import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { createCheckpointSigner, openCheckpoint } from './checkpoint.js';
import { leafHash } from './merkle-hash.js';
import { createNoteSigner, openNote, readPublicKey } from './signed-note.js';

// Vectors of Go's sumdb/note (note_test.go), whose format C2SP's signed-note is.
const TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const PETER = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const PETER_PRIVATE = 'AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';
const ENOCH = 'EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop';
const PETER_LINE =
  '\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';
const ENOCH_LINE =
  '\u2014 EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n';

const PEM = { type: 'pkcs8', format: 'pem' } as const;
const newPem = () => generateKeyPairSync('ed25519').privateKey.export(PEM).toString();
const reason = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return (error as { reason?: unknown }).reason;
  }
  return 'accepted';
};

describe('signed notes', () => {
  it('are written byte for byte as Go writes them', () => {
    const seed = Buffer.from(PETER_PRIVATE, 'base64').subarray(1);
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
    const pem = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export(PEM).toString();
    const signer = createNoteSigner(pem, 'PeterNeumann');
    expect(signer.publicKey).toBe(PETER);
    expect(signer.sign(TEXT)).toBe(`${TEXT}\n${PETER_LINE}`);
  });

  it('are believed when one trusted key signed, whatever strangers added', () => {
    expect(openNote(`${TEXT}\n${PETER_LINE}${ENOCH_LINE}`, [ENOCH])).toEqual({ text: TEXT, publicKey: ENOCH });
    expect(openNote(`${TEXT}\n${PETER_LINE}`, [ENOCH, PETER])).toEqual({ text: TEXT, publicKey: PETER });
  });

  it('are refused without a trusted signature, and with a wrong one of a trusted key', () => {
    expect(reason(() => openNote(`${TEXT}\n${PETER_LINE}`, [ENOCH]))).toBe('unknown_key');
    expect(reason(() => openNote(`${TEXT}\n${PETER_LINE}`, []))).toBe('unknown_key');
    expect(reason(() => openNote(`${TEXT.replace('you', 'we')}\n${PETER_LINE}`, [PETER]))).toBe('bad_signature');
    expect(
      reason(() => openNote(`${TEXT}\n${PETER_LINE}${ENOCH_LINE.replace('rwz+eBz', 'rwz+eBy')}`, [PETER, ENOCH])),
    ).toBe('bad_signature');
  });

  it.each([
    ['without signatures', TEXT],
    ['without a signature line', `${TEXT}\n`],
    ['without the last newline', `${TEXT}\n${PETER_LINE.slice(0, -1)}`],
    ['with a control character', `\u0001${TEXT}\n${PETER_LINE}`],
    ['with a space in the name', `${TEXT}\n\u2014 Bad Name x08go/ZJkuBS9UG=\n`],
    ['with another line among the signatures', `${TEXT}\n${PETER_LINE}Unexpected line.\n`],
    ['with base64 that is not canonical', `${TEXT}\n${PETER_LINE.replace('JnAM=', 'JnAN=')}`],
  ])('are malformed %s', (_what, note) => {
    expect(reason(() => openNote(note, [PETER]))).toBe('malformed');
  });

  it('take no public key that was cut or changed', () => {
    expect(readPublicKey(PETER).name).toBe('PeterNeumann');
    for (let i = 1; i < PETER.length; i++) expect(reason(() => readPublicKey(PETER.slice(0, i)))).toBe('malformed');
    for (let i = 0; i < PETER.length; i++) {
      const changed = PETER.slice(0, i) + String.fromCharCode(PETER.charCodeAt(i) + 1) + PETER.slice(i + 1);
      expect(reason(() => readPublicKey(changed))).toBe('malformed');
    }
  });

  it('never show the private key in an error', () => {
    const pem = generateKeyPairSync('x25519').privateKey.export(PEM).toString();
    expect(() => createNoteSigner(pem, 'x')).toThrow('not an Ed25519 private key');
    expect(() => createNoteSigner('SECRET', 'x')).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('SECRET') }),
    );
  });
});

describe('checkpoints', () => {
  const origin = 'bulkhead.test/audit';
  const signer = createCheckpointSigner(newPem(), origin);
  const root = leafHash('anything');

  it('come back as they were signed', () => {
    const note = signer.sign(42, root);
    expect(note.startsWith(`${origin}\n42\n${root.toString('base64')}\n\n\u2014 ${origin} `)).toBe(true);
    expect(openCheckpoint(note, [signer.publicKey])).toEqual({ origin, size: 42, root, publicKey: signer.publicKey });
    expect(signer.sign(42, root)).toBe(note);
  });

  it('are refused with another size, root or origin, or by a key of another log', () => {
    const note = signer.sign(42, root);
    expect(reason(() => openCheckpoint(note.replace('\n42\n', '\n43\n'), [signer.publicKey]))).toBe('bad_signature');
    const other = createNoteSigner(newPem(), 'other.test/audit');
    const foreign = other.sign(`${origin}\n42\n${root.toString('base64')}\n`);
    expect(reason(() => openCheckpoint(foreign, [other.publicKey]))).toBe('unknown_key');
  });

  it.each([
    ['a size with leading zeroes', `${origin}\n042\n${root.toString('base64')}\n`],
    ['a short root', `${origin}\n42\nAAAA\n`],
    ['two lines', `${origin}\n42\n`],
    ['an empty extension line', `${origin}\n42\n${root.toString('base64')}\n\nmore\n`],
  ])('are malformed with %s, though signed', (_what, text) => {
    const key = createNoteSigner(newPem(), origin);
    expect(reason(() => openCheckpoint(key.sign(text), [key.publicKey]))).toBe('malformed');
  });
});
