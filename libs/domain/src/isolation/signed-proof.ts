import { NoteError, openNote, type NoteSigner } from '../audit/signed-note.js';
import { canonicalDigest } from '../canonical-digest.js';
import type { ProofReport } from './report.js';

/** First line of the signed text: it says what is signed, so that no checkpoint can be taken for a proof. */
const HEADING = 'bulkhead/isolation-proof/v1';

/** SHA-256 (hexadecimal) of the canonical JSON (RFC 8785) of a report. */
export function proofDigest(report: ProofReport): string {
  return canonicalDigest(report);
}

/** Signs a report with the key of the audit log, as a C2SP signed note. */
export function signProof(signer: Pick<NoteSigner, 'sign'>, proofId: string, report: ProofReport): string {
  return signer.sign(proofText(proofId, report));
}

/**
 * Checks that this report is the one that was signed under this id.
 * @param publicKeys verifier keys that are trusted.
 * @throws NoteError.
 */
export function verifyProof(note: string, publicKeys: readonly string[], proofId: string, report: ProofReport): void {
  const { text } = openNote(note, publicKeys);
  if (text !== proofText(proofId, report)) throw new NoteError('malformed', 'The note was signed for another report');
}

function proofText(proofId: string, report: ProofReport): string {
  return `${HEADING}\n${proofId}\n${report.verdict}\n${proofDigest(report)}\n`;
}
