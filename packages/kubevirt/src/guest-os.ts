// Operating systems: one key and one name out of the many ways a cluster spells them.

type KnownOs = { key: string; name: string; spellings: RegExp }

const separator = '[-_. ]*'

/** The first match wins, so what contains another's name comes first. */
const known: KnownOs[] = [
  { key: 'windows', name: 'Windows', spellings: /^(ms)?win(dows)?/ },
  { key: 'ubuntu', name: 'Ubuntu', spellings: /^ubuntu/ },
  { key: 'fedora', name: 'Fedora', spellings: /^fedora/ },
  { key: 'debian', name: 'Debian', spellings: /^debian/ },
  { key: 'centos', name: 'CentOS Stream', spellings: new RegExp(`^centos(${separator}stream)?`) },
  { key: 'rhel', name: 'RHEL', spellings: /^(rhel|red ?hat)/ },
  { key: 'rocky', name: 'Rocky Linux', spellings: /^rocky(linux)?/ },
  { key: 'almalinux', name: 'AlmaLinux', spellings: /^alma(linux)?/ },
  { key: 'oracle', name: 'Oracle Linux', spellings: /^(ol(?=$|\d|[._-])|oracle(linux)?)/ },
  { key: 'opensuse', name: 'openSUSE', spellings: /^opensuse/ },
  { key: 'sles', name: 'SLES', spellings: /^(sles|suse)/ },
  { key: 'alpine', name: 'Alpine Linux', spellings: /^alpine/ },
  { key: 'cirros', name: 'CirrOS', spellings: /^cirros/ },
  { key: 'freebsd', name: 'FreeBSD', spellings: /^freebsd/ },
  { key: 'arch', name: 'Arch Linux', spellings: /^arch/ },
]

/** `rhel.9` -> `rhel`, `win2k22` -> `windows`; undefined for what is unknown. */
export function osKey(text: string | undefined): string | undefined {
  if (!text) return undefined
  const lower = text.trim().toLowerCase()
  return known.find(({ spellings }) => spellings.test(lower))?.key
}

/** `ubuntu24.04` -> `Ubuntu 24.04`, `windows2k22` -> `Windows Server 2022`; the text itself where it is unknown. */
export function osDisplayName(text: string | undefined): string | undefined {
  if (!text) return undefined
  const lower = text.trim().toLowerCase()
  const os = known.find(({ spellings }) => spellings.test(lower))
  if (!os) return text.trim()
  // What a machine wrote has no spaces; prose such as `Ubuntu 24.04.1 LTS` is better than what we would make of it.
  if (/\s/.test(text.trim())) return text.trim()
  const version = /(2k\d+|\d+(?:\.\d+)*)/.exec(lower.replace(os.spellings, ''))?.[0]
  if (!version) return os.name
  if (os.key === 'windows') return windowsName(version)
  return `${os.name} ${version}`
}

function windowsName(version: string): string {
  const year = version.startsWith('2k') ? 2000 + Number(version.slice(2)) : Number(version)
  return year >= 2000 ? `Windows Server ${year}` : `Windows ${version}`
}

type OsSources = {
  guest?: { id?: string; name?: string; prettyName?: string; version?: string; versionId?: string } | undefined
  preference?: string | undefined
  /** Labels and annotations, the most telling first. */
  metadata?: (Record<string, string> | undefined)[]
  /** Names that may contain an operating system, as a last resort. */
  names?: (string | undefined)[]
}

const osTemplateLabel = 'os.template.kubevirt.io/'

/** What runs in the guest: the guest's own word first, then what people said about it. */
export function guestOs({ guest, preference, metadata = [], names = [] }: OsSources): { os?: string; osName?: string } {
  const said = metadata.map(osOfMetadata).find((value) => value !== undefined)
  const text = said ?? preference
  if (guest?.id || guest?.prettyName || guest?.name) {
    const name = guest.prettyName ?? [guest.name, guest.version ?? guest.versionId].filter(Boolean).join(' ')
    return present(osKey(guest.id) ?? osKey(guest.name) ?? osKey(name) ?? guest.id, name || osDisplayName(guest.id))
  }
  // A preference says which machine suits; an annotation says which release was installed.
  if (text) return present(osKey(said) ?? osKey(preference), osDisplayName(text))
  const named = names.find((name) => osKey(name) !== undefined)
  return named ? present(osKey(named), osDisplayName(named)) : {}
}

function osOfMetadata(entries: Record<string, string> | undefined): string | undefined {
  if (!entries) return undefined
  const direct = entries['vm.kubevirt.io/os'] ?? entries['kubevirt.io/os']
  // `linux` tells nothing that a tile could show.
  if (direct && direct !== 'linux') return direct
  return Object.keys(entries)
    .find((key) => key.startsWith(osTemplateLabel))
    ?.slice(osTemplateLabel.length)
}

function present(os: string | undefined, osName: string | undefined): { os?: string; osName?: string } {
  return { ...(os && { os }), ...(osName && { osName }) }
}
