// The guest's disk: an image that never changes, and over it what was written and removed since. Only the latter is
// kept in snapshots.

export type Disk = { written: Record<string, string>; directories: string[]; removed: string[] }

export type FileError = 'ENOENT' | 'EISDIR' | 'ENOTDIR' | 'EEXIST' | 'ENOTEMPTY'

export const fileErrorText: Record<FileError, string> = {
  ENOENT: 'No such file or directory',
  EISDIR: 'Is a directory',
  ENOTDIR: 'Not a directory',
  EEXIST: 'File exists',
  ENOTEMPTY: 'Directory not empty',
}

export type FileSystem = {
  isFile(path: string): boolean
  isDirectory(path: string): boolean
  read(path: string): string | undefined
  /** Names in a directory, sorted. */
  list(path: string): string[]
  write(path: string, content: string): FileError | undefined
  makeDirectory(path: string): FileError | undefined
  /** Removes a file, or a directory with all that is in it. */
  remove(path: string): void
  export(): Disk
  import(disk: Disk | undefined): void
}

export const emptyDisk = (): Disk => ({ written: {}, directories: [], removed: [] })

/** An absolute path without `.`, `..` and doubled slashes. */
export function resolvePath(cwd: string, path: string): string {
  const parts: string[] = []
  for (const part of (path.startsWith('/') ? path : `${cwd}/${path}`).split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return `/${parts.join('/')}`
}

export const parentOf = (path: string) => resolvePath('/', `${path}/..`)
export const baseName = (path: string) => path.slice(path.lastIndexOf('/') + 1)

/** `image` maps absolute paths to contents; a path that ends in `/` is an empty directory. */
export function createFileSystem(image: ReadonlyMap<string, string>, disk?: Disk): FileSystem {
  let files = new Map<string, string>()
  let directories = new Set<string>()
  let changes = emptyDisk()

  const addDirectory = (path: string) => {
    for (let at = path; !directories.has(at); at = parentOf(at)) directories.add(at)
  }
  const within = (path: string, directory: string) => directory === '/' || path === directory || path.startsWith(`${directory}/`)
  const drop = (path: string) => {
    for (const file of files.keys()) if (within(file, path)) files.delete(file)
    for (const directory of directories) if (within(directory, path) && directory !== '/') directories.delete(directory)
  }
  const load = (from: Disk | undefined) => {
    files = new Map()
    directories = new Set(['/'])
    changes = from ? structuredClone(from) : emptyDisk()
    for (const [path, content] of image) {
      if (path.endsWith('/')) addDirectory(path.slice(0, -1))
      else {
        files.set(path, content)
        addDirectory(parentOf(path))
      }
    }
    for (const path of changes.removed) drop(path)
    for (const path of changes.directories) addDirectory(path)
    for (const [path, content] of Object.entries(changes.written)) {
      addDirectory(parentOf(path))
      files.set(path, content)
    }
  }
  load(disk)

  return {
    isFile: (path) => files.has(path),
    isDirectory: (path) => directories.has(path),
    read: (path) => files.get(path),
    list(path) {
      const names = new Set<string>()
      for (const entry of [...files.keys(), ...directories]) {
        if (entry !== '/' && parentOf(entry) === path) names.add(baseName(entry))
      }
      return [...names].sort()
    },
    write(path, content) {
      if (directories.has(path)) return 'EISDIR'
      const parent = parentOf(path)
      if (files.has(parent)) return 'ENOTDIR'
      if (!directories.has(parent)) return 'ENOENT'
      files.set(path, content)
      changes.written[path] = content
      return undefined
    },
    makeDirectory(path) {
      if (directories.has(path) || files.has(path)) return 'EEXIST'
      if (!directories.has(parentOf(path))) return 'ENOENT'
      directories.add(path)
      changes.directories.push(path)
      return undefined
    },
    remove(path) {
      drop(path)
      changes.directories = changes.directories.filter((entry) => !within(entry, path))
      for (const entry of Object.keys(changes.written)) if (within(entry, path)) delete changes.written[entry]
      changes.removed = [...changes.removed.filter((entry) => !within(entry, path)), path]
    },
    export: () => structuredClone(changes),
    import: load,
  }
}

/** Reads what `export` gave, however long ago; anything else is an untouched disk. */
export function diskFrom(value: unknown): Disk | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { written, directories, removed } = value as Partial<Disk>
  if (typeof written !== 'object' || !Array.isArray(directories) || !Array.isArray(removed)) return undefined
  return structuredClone({ written, directories, removed })
}
