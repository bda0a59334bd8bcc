// Emergency revocation: sessions that are over because they began before a time, all of them or a user's.
import { z } from 'zod'

export type Revocations = {
  /** True for a session that began before its user's time, or everybody's. */
  covers(session: { user: { name: string }; signedInAt: number }): boolean
  /** Replaces what the file said. Throws an Error with a sentence for a text that says something else. */
  replace(text: string): void
}

const instant = z.iso.datetime({ offset: true }).transform((at) => Date.parse(at))
const shape = z.strictObject({ notBefore: instant.optional(), users: z.record(z.string(), instant).optional() })

export function createRevocations(notBefore = 0): Revocations {
  let everybody = 0
  let users = new Map<string, number>()
  return {
    covers: ({ user, signedInAt }) => signedInAt < Math.max(notBefore, everybody, users.get(user.name) ?? 0),
    replace(text) {
      const parsed = shape.safeParse(JSON.parse(text.trim() || '{}'))
      if (!parsed.success) throw new Error(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '))
      everybody = parsed.data.notBefore ?? 0
      users = new Map(Object.entries(parsed.data.users ?? {}))
    },
  }
}
