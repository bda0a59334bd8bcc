// Frames of a screen that say when they were sent: all processes of one machine read the same clock.

export const framesPerSecond = 30
/** A small rectangle of a screen. */
const frameBytes = 1024

/** Frame `number` of a screen, sent now. */
export function stampedFrame(number: number): Buffer {
  const frame = Buffer.alloc(frameBytes)
  frame.writeBigUInt64LE(process.hrtime.bigint(), 0)
  frame.writeUInt32LE(number, 8)
  return frame
}

/** Its number, and the milliseconds that it was under way. */
export function readFrame(frame: Buffer): { number: number; ms: number } {
  if (frame.length !== frameBytes) throw new Error(`a frame of ${frame.length} bytes`)
  return { number: frame.readUInt32LE(8), ms: Number(process.hrtime.bigint() - frame.readBigUInt64LE(0)) / 1e6 }
}
