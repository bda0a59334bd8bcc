// Where a request comes from: the other end of its socket, unless that is a proxy which we were told to believe.
import { BlockList, isIP, type IPVersion } from 'node:net'
import type { IncomingMessage } from 'node:http'

declare module 'node:http' {
  interface IncomingMessage {
    /** Who asks, for rate limits and the audit log; never who somebody is. */
    clientAddress?: string
  }
}

const family = (address: string): IPVersion => (isIP(address) === 6 ? 'ipv6' : 'ipv4')
/** IPv4 addresses of a socket that takes both kinds. */
const plain = (address: string) => address.trim().replace(/^::ffff:(?=\d+\.)/i, '')

/** Addresses and networks in CIDR notation. Throws an Error that names the one that is neither. */
export function networks(texts: readonly string[]): BlockList {
  const list = new BlockList()
  for (const text of texts) {
    const [address = '', bits, ...more] = text.split('/')
    const max = isIP(address) === 6 ? 128 : 32
    const prefix = bits === undefined ? max : /^\d{1,3}$/.test(bits) ? Number(bits) : NaN
    if (!isIP(address) || more.length > 0 || !(prefix <= max)) throw new Error(`${text} is no address and no network such as 10.0.0.0/8`)
    list.addSubnet(address, prefix, family(address))
  }
  return list
}

/**
 * The last address on the way that is no proxy of ours: each proxy adds who it heard from at the end of X-Forwarded-For,
 * and whatever stands before that, anybody may have written.
 */
export function clientAddressOf(req: Pick<IncomingMessage, 'headers' | 'socket'>, proxies: BlockList): string {
  let address = plain(req.socket.remoteAddress ?? '')
  const forwarded = req.headers['x-forwarded-for']
  if (forwarded === undefined) return address
  const heard = [forwarded].flat().join(',').split(',').map(plain)
  while (isIP(address) && proxies.check(address, family(address))) {
    const before = heard.pop() ?? ''
    if (!isIP(before)) break
    address = before
  }
  return address
}
