// Cloud-init user data: a template's own, merged with the login that the person chose.
// The values that we write are JSON, which YAML takes as it is; the rest of the text, comments included, stays as it was.

export type Login = { kind: 'none' } | { kind: 'password'; user: string; password: string } | { kind: 'sshKey'; user: string; key: string }

/** Top-level keys that set a login. Whatever a template says here is a default that everybody knows. */
const loginKeys = new Set(['user', 'password', 'chpasswd', 'ssh_pwauth', 'ssh_authorized_keys', 'disable_root'])

/**
 * User data with the chosen login and without the template's default passwords. What is not cloud-config (a script, an
 * include) becomes one part of two.
 */
export function userDataWith(existing: string | undefined, login: Login): string {
  const text = existing ?? ''
  if (text.trim() === '' || isCloudConfig(text)) return cloudConfigWith(text, login)
  return login.kind === 'none' ? text : multipart([cloudConfigWith('', login), text])
}

/** https://cloudinit.readthedocs.io/en/latest/explanation/format.html */
function isCloudConfig(text: string): boolean {
  return /^\uFEFF?#cloud-config\s*(\n|$)/.test(text)
}

function cloudConfigWith(text: string, login: Login): string {
  const kept = topLevelBlocks(text.replace(/^\uFEFF?#cloud-config[^\n]*\n?/, ''))
    .filter(({ key, text: block }) => !(key !== undefined && loginKeys.has(key)) && !(key === 'users' && !usersCanStay(block, login)))
    .map(({ text: block }) => block)
    .join('')
    .replace(/^\s*\n/, '')
  const body = kept === '' || kept.endsWith('\n') ? kept : `${kept}\n`
  return `#cloud-config\n${loginLines(login)}${body}`
}

function loginLines(login: Login): string {
  if (login.kind === 'none') return ''
  const lines =
    login.kind === 'password'
      ? { user: login.user, password: login.password, chpasswd: { expire: false }, ssh_pwauth: true }
      : { user: login.user, ssh_authorized_keys: [login.key.trim()], ssh_pwauth: false }
  return Object.entries(lines)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
    .join('')
}

/**
 * `user` and `password` speak of the default user, which a list of users without `default` does away with; and one that
 * has passwords has default passwords.
 */
function usersCanStay(block: string, login: Login): boolean {
  if (/(^|[\s{,"'-])(passwd|plain_text_passwd|hashed_passwd)["']?\s*:/m.test(block)) return false
  return login.kind === 'none' || /(^|[\s[,"'-])default(["'\s,\]]|$)/m.test(block)
}

type Block = { key: string | undefined; text: string }

/** A block mapping's entries: a key begins at the first column, and whatever follows belongs to it. */
function topLevelBlocks(text: string): Block[] {
  const blocks: Block[] = []
  for (const line of text.split(/(?<=\n)/)) {
    const key = /^(?:"([^"]+)"|'([^']+)'|([A-Za-z_][\w.-]*))\s*:(?=\s|$)/.exec(line)
    const last = blocks.at(-1)
    if (key) blocks.push({ key: key[1] ?? key[2] ?? key[3], text: line })
    else if (last) last.text += line
    else blocks.push({ key: undefined, text: line })
  }
  return blocks
}

/** https://cloudinit.readthedocs.io/en/latest/explanation/format.html#mime-multi-part-archive */
function multipart(parts: string[]): string {
  const boundary = '==virtdeck-user-data=='
  const bodies = parts.map(
    (part) => `--${boundary}\nContent-Type: ${contentType(part)}; charset="utf-8"\nMIME-Version: 1.0\n\n${part.trimEnd()}\n`,
  )
  return `Content-Type: multipart/mixed; boundary="${boundary}"\nMIME-Version: 1.0\n\n${bodies.join('')}--${boundary}--\n`
}

function contentType(part: string): string {
  if (part.startsWith('#cloud-config')) return 'text/cloud-config'
  if (part.startsWith('#include')) return 'text/x-include-url'
  if (part.startsWith('#cloud-boothook')) return 'text/cloud-boothook'
  return 'text/x-shellscript'
}

/** The user that user data names, where it does so plainly. */
export function userOf(userData: string | undefined): string | undefined {
  const value = /^user:\s*(?:"([^"\n]+)"|'([^'\n]+)'|([^\s#{[][^\n#]*?))\s*(?:#.*)?$/m.exec(userData ?? '')
  return (value?.[1] ?? value?.[2] ?? value?.[3])?.trim()
}

/** Why text is no public key that a guest would take, or undefined. */
export function sshKeyProblem(key: string): string | undefined {
  const text = key.trim()
  if (text === '') return 'A public key is needed.'
  if (/PRIVATE KEY/.test(text)) return 'This is a private key. Paste the public one, from the file that ends in .pub.'
  if (/\n/.test(text)) return 'One key, on one line.'
  const [type = '', data = ''] = text.split(/\s+/)
  if (!/^(ssh-(ed25519|rsa|dss)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)$/.test(type))
    return 'A public key begins with its type, such as ssh-ed25519.'
  // The key repeats its type inside: what was cut off while copying shows there.
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(data) || !decodedBase64(data)?.slice(4).startsWith(type)) return 'The key is incomplete.'
  return undefined
}

/** Why a guest would not take a user name, or undefined. */
export function userNameProblem(user: string): string | undefined {
  if (user === '') return 'A user is needed.'
  if (user === 'root') return 'Cloud images do not let root in.'
  if (user.length > 32) return 'At most 32 characters.'
  return /^[a-z_][a-z0-9_-]*$/.test(user) ? undefined : 'Small letters, digits, hyphens and underscores; a letter first.'
}

/** Why a password is refused, or undefined. Line breaks cannot be typed at a login prompt. */
export function passwordProblem(password: string): string | undefined {
  if (password === '') return 'A password is needed.'
  if (password.length < 8) return 'At least 8 characters.'
  return /[\p{Cc}]/u.test(password) ? 'Characters that can be typed only.' : undefined
}

/** UTF-8 text as base64, which Secrets carry. */
export function encodedBase64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(''))
}

/** Base64 as UTF-8 text; undefined where it is neither. */
export function decodedBase64(base64: string): string | undefined {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)))
  } catch {
    return undefined
  }
}
