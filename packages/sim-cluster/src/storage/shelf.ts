// The objects of one resource, kept in etcd's key order so that no list ever sorts.

type Named = { metadata: { namespace?: string; name: string } }

type Drawer<T> = {
  objects: Map<string, T>
  names: string[]
  listed: readonly T[] | undefined
}

export type Shelf<T extends Named> = {
  get(namespace: string | undefined, name: string): T | undefined
  set(object: T): void
  delete(namespace: string | undefined, name: string): void
  /** Never changed after it was handed out: a list is a consistent snapshot for as long as someone holds it. */
  list(namespace?: string): readonly T[]
  count(): number
}

/** The first index whose entry is not less than `wanted`. */
function lowerBound(sorted: readonly string[], wanted: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    // Within bounds, because middle < high <= length.
    if (sorted[middle]! < wanted) low = middle + 1
    else high = middle
  }
  return low
}

export function createShelf<T extends Named>(): Shelf<T> {
  const drawers = new Map<string, Drawer<T>>()
  // As in etcd's keys the separator takes part in the order: `a-b/x` comes before `a/x`.
  const prefixes: string[] = []
  let listed: readonly T[] | undefined
  let count = 0

  const listDrawer = (drawer: Drawer<T>): readonly T[] => {
    // Every name has its object: both change together in set and delete.
    drawer.listed ??= drawer.names.map((name) => drawer.objects.get(name)!)
    return drawer.listed
  }

  return {
    get: (namespace, name) => drawers.get(`${namespace ?? ''}/`)?.objects.get(name),
    set(object) {
      const prefix = `${object.metadata.namespace ?? ''}/`
      let drawer = drawers.get(prefix)
      if (!drawer) {
        drawers.set(prefix, (drawer = { objects: new Map(), names: [], listed: undefined }))
        prefixes.splice(lowerBound(prefixes, prefix), 0, prefix)
      }
      const { name } = object.metadata
      if (!drawer.objects.has(name)) {
        drawer.names.splice(lowerBound(drawer.names, name), 0, name)
        count += 1
      }
      drawer.objects.set(name, object)
      drawer.listed = undefined
      listed = undefined
    },
    delete(namespace, name) {
      const prefix = `${namespace ?? ''}/`
      const drawer = drawers.get(prefix)
      if (!drawer?.objects.delete(name)) return
      drawer.names.splice(lowerBound(drawer.names, name), 1)
      drawer.listed = undefined
      listed = undefined
      count -= 1
      if (drawer.objects.size > 0) return
      drawers.delete(prefix)
      prefixes.splice(lowerBound(prefixes, prefix), 1)
    },
    list(namespace) {
      if (namespace !== undefined) {
        const drawer = drawers.get(`${namespace}/`)
        return drawer ? listDrawer(drawer) : []
      }
      // Every prefix has its drawer: both change together in set and delete.
      listed ??=
        prefixes.length === 1 ? listDrawer(drawers.get(prefixes[0]!)!) : prefixes.flatMap((prefix) => listDrawer(drawers.get(prefix)!))
      return listed
    },
    count: () => count,
  }
}
