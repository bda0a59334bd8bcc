// Which keys belong to which, where almost every group has a single member: that one costs no Set.

export type Groups = {
  of(group: string): Iterable<string>
  /** The member leaves the groups `before` and joins the groups `after`. */
  move(member: string, before: readonly string[], after: readonly string[]): void
}

export function createGroups(): Groups {
  const groups = new Map<string, string | Set<string>>()

  const leave = (group: string, member: string) => {
    const members = groups.get(group)
    if (members === member) groups.delete(group)
    else if (members instanceof Set && members.delete(member) && members.size === 0) groups.delete(group)
  }
  const join = (group: string, member: string) => {
    const members = groups.get(group)
    if (members === undefined) groups.set(group, member)
    else if (members instanceof Set) members.add(member)
    else if (members !== member) groups.set(group, new Set([members, member]))
  }

  return {
    of(group) {
      const members = groups.get(group)
      return typeof members === 'string' ? [members] : (members ?? [])
    },
    move(member, before, after) {
      for (const group of before) if (!after.includes(group)) leave(group, member)
      for (const group of after) join(group, member)
    },
  }
}
