import { pino, type DestinationStream, type Logger as PinoLogger } from 'pino'

export type Logger = PinoLogger

const secret = ['authorization', 'cookie', 'token', 'password', '["set-cookie"]', '["x-kvd-csrf"]', 'accessToken', 'key', 'cert']

/** JSON lines on stdout, without credentials. A reader that goes away does not take the server with it. */
export function createLogger(level: string, stream: DestinationStream = standardOutput()): Logger {
  return pino(
    {
      level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secret.flatMap((name) => [dotted('', name), dotted('*', name), dotted('*.*', name)]), censor: '[redacted]' },
    },
    stream,
  )
}

/** A reader that stops reading costs the lines that do not fit any longer, never a request. */
const maxWaitingBytes = 4 * 1024 * 1024

function standardOutput(): DestinationStream {
  const stdout = pino.destination({ dest: 1, sync: false, maxLength: maxWaitingBytes })
  stdout.on('error', () => {})
  return stdout
}

function dotted(prefix: string, name: string): string {
  return name.startsWith('[') || !prefix ? `${prefix}${name}` : `${prefix}.${name}`
}
