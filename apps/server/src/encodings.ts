// Compression of answers that are made once for many.
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { Response } from 'express'

export type Encoding = 'br' | 'gzip' | 'identity'

/** The best of what an Accept-Encoding header takes. */
export function encodingOf(accepted: string | undefined): Encoding {
  if (/\bbr\b/.test(accepted ?? '')) return 'br'
  return /\bgzip\b/.test(accepted ?? '') ? 'gzip' : 'identity'
}

const brotli = promisify(brotliCompress)
const zip = promisify(gzip)

export async function encode(body: Buffer, encoding: Encoding): Promise<Buffer> {
  if (encoding === 'br') {
    return brotli(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 5, [constants.BROTLI_PARAM_SIZE_HINT]: body.length } })
  }
  return encoding === 'gzip' ? zip(body, { level: 1 }) : body
}

/** Answers with lines of JSON that were encoded before, for those who take that encoding. */
export function sendLines(res: Response, body: Buffer, encoding: Encoding): void {
  if (encoding !== 'identity') res.setHeader('content-encoding', encoding)
  res.type('application/x-ndjson; charset=utf-8').end(body)
}
