export { NoteError, verifyExport, type ExportProblem, type ExportVerdict } from '@bulkhead/domain/audit';
