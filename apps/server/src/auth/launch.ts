// The link that `local-kubeconfig` prints: whoever can read the terminal is who may use its kubeconfig.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

export type Launch = {
  /** A token for one sign-in within a minute; those given out before are void. */
  issue(): string
  /** True once for the token that was issued last. */
  redeem(token: string): boolean
}

const lifetimeMs = 60_000
const digest = (token: string) => createHash('sha256').update(token).digest()

export function createLaunch(now: () => number = Date.now): Launch {
  let issued: { digest: Buffer; until: number } | undefined
  return {
    issue() {
      const token = randomBytes(32).toString('base64url')
      issued = { digest: digest(token), until: now() + lifetimeMs }
      return token
    },
    redeem(token) {
      const good = issued !== undefined && now() < issued.until && timingSafeEqual(digest(token), issued.digest)
      if (good) issued = undefined
      return good
    },
  }
}
