import { verbAccess } from '@virtdeck/kubevirt'
import { useEffect, useState, useSyncExternalStore } from 'react'
import { useAccess } from '../../api/access.ts'
import { createConsoleConnection, type ConsoleConnection } from './console-connection.ts'
import type { ConsolePanelProps } from './console-frame.tsx'
import type { ConsolePhase } from './console-session.ts'
import { vmFacts } from './vm-facts.ts'

/** The connection of a console, kept up to date with what is known of the VM and of one's rights. */
export function useConsole({ row, gone, kind }: ConsolePanelProps): {
  connection: ConsoleConnection
  phase: ConsolePhase
  denied?: string
} {
  const facts = vmFacts(gone ? undefined : row)
  const [connection] = useState(() => createConsoleConnection(row, kind, facts))
  const { phase } = useSyncExternalStore(connection.subscribe, connection.session)
  const access = useAccess(row.namespace)({ ...verbAccess(kind === 'vnc' ? 'vnc' : 'console'), name: row.name })
  const denied = access.allowed === false ? access.reason : undefined
  const allowed = access.allowed === true

  const { power, migration } = facts
  const migrating = migration !== undefined
  const targetNode = migration?.targetNode
  useEffect(() => {
    connection.dispatch({ type: 'vm', vm: { power, ...(migrating && { migration: targetNode === undefined ? {} : { targetNode } }) } })
  }, [connection, power, migrating, targetNode])
  useEffect(() => {
    if (denied !== undefined) connection.dispatch({ type: 'deny' })
    else if (allowed && connection.session().phase.name === 'idle') connection.dispatch({ type: 'open' })
  }, [connection, allowed, denied])
  return { connection, phase, denied }
}
