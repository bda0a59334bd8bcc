// WebSocket frames as bytes, for clients and guests that do not keep to what libraries send.
import { randomBytes } from 'node:crypto'

/** `last`: the FIN bit; `length`: what the header says, if not the payload's own. */
export function frame(
  opcode: number,
  payload: Uint8Array,
  { masked, last = true, length = payload.length }: { masked: boolean; last?: boolean; length?: number },
): Buffer {
  const short = length < 126 ? length : length < 65_536 ? 126 : 127
  const head = Buffer.from([(last ? 0x80 : 0) | opcode, (masked ? 0x80 : 0) | short])
  const extended = Buffer.alloc(short === 126 ? 2 : short === 127 ? 8 : 0)
  if (short === 126) extended.writeUInt16BE(length)
  if (short === 127) extended.writeBigUInt64BE(BigInt(length))
  const mask = masked ? randomBytes(4) : Buffer.alloc(0)
  const body = masked ? Buffer.from(payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0))) : payload
  return Buffer.concat([head, extended, mask, body])
}
