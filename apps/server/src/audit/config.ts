import type { Sink } from './sink.ts'

/** Where the audit log goes. Without a file, to stdout, beside the server's own log; there, `"kind":"audit"` tells them apart. */
export type AuditConfig = {
  file?: string
  /** A file that would grow beyond it is put aside as FILE.1, FILE.1 as FILE.2 and so on; 32 MiB. */
  maxFileBytes?: number
  /** How many are kept beside the current one; 10. */
  maxFiles?: number
  /** At least 32 bytes, base64: hashes of lines become HMACs, which nobody without it can compute anew. */
  key?: string
  /** Instead of a file and of stdout. */
  sink?: Sink
}
