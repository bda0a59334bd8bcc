import { verbAccess } from '@virtdeck/kubevirt'
import { useEffect, useState, useSyncExternalStore } from 'react'
import { useAccess } from '../../api/access.ts'
import { createConsoleConnection, type ConsoleConnection } from './console-connection.ts'
import type { ConsolePanelProps } from './console-frame.tsx'
import type { ConsolePhase } from './console-session.ts'
import { vmFacts } from './vm-facts.ts'

/** The connection of a console, kept up to date with what is known of the VM and of one's rights. */
/** The VM of each name that this tab has had a console of: after a deletion, the same name may be another VM's. */
const knownUids = new Map<string, string>()

export function useConsole({ row, gone, kind }: ConsolePanelProps): {
  connection: ConsoleConnection
  phase: ConsolePhase
  denied?: string
} {
  const facts = vmFacts(gone ? undefined : row)
  const name = `${row.namespace}/${row.name}`
  const [connection] = useState(() => createConsoleConnection(row, kind, facts, undefined, knownUids.get(name)))
  const { phase, uid: wanted } = useSyncExternalStore(connection.subscribe, connection.session)
  useEffect(() => {
    if (phase.name === 'live' && wanted !== undefined) knownUids.set(name, wanted)
  }, [phase.name, name, wanted])
  const access = useAccess(row.namespace)({ ...verbAccess(kind === 'vnc' ? 'vnc' : 'console'), name: row.name })
  const denied = access.allowed === false ? access.reason : undefined
  const allowed = access.allowed === true

  const { power, migration, uid } = facts
  const migrating = migration !== undefined
  const targetNode = migration?.targetNode
  useEffect(() => {
    connection.dispatch({ type: 'vm', vm: { power, uid, ...(migrating && { migration: targetNode === undefined ? {} : { targetNode } }) } })
  }, [connection, power, uid, migrating, targetNode])
  useEffect(() => {
    if (denied !== undefined) connection.dispatch({ type: 'deny' })
    else if (allowed && connection.session().phase.name === 'idle') connection.dispatch({ type: 'open' })
  }, [connection, allowed, denied])
  return { connection, phase, denied }
}
