// A VM's own page: who it is, how it is, what one can do with it; the tabs are routes of their own.
import { resources } from '@virtdeck/k8s'
import { resourceAccess } from '@virtdeck/kubevirt'
import type { VmRow } from '@virtdeck/kubevirt'
import { useEffect, useState, type ComponentProps } from 'react'
import { Link, Outlet, useLocation } from 'react-router'
import { whyDenied } from '../../api/access.ts'
import { restorePlans } from '../../api/restores.ts'
import { useWatchList } from '../../api/watch.ts'
import { HowToGetIt } from '../../components/missing-right.tsx'
import { paths, type VmRef } from '../../paths.ts'
import { Banner } from '../../ui/banner.tsx'
import { Button } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { LockIcon, VmIcon } from '../../ui/icons.ts'
import { Skeleton } from '../../ui/skeleton.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { useVm, useVmRef, type VmObjects } from '../../components/vm/use-vm.ts'
import { useVmEvents } from './use-vm-events.ts'
import { useVmShortcuts } from './use-vm-shortcuts.ts'
import { useVmActions } from '../../components/vm/vm-actions.tsx'
import { VmDialogs } from './vm-dialogs.tsx'
import { VmHeader } from './vm-header.tsx'
import { PhoneVerbBar } from './verb-bar.tsx'
import './vm-page.css'

export function VmPage() {
  const ref = useVmRef()
  useEffect(() => restorePlans.resume(), [])
  // Everything of one VM's page starts afresh for another VM.
  return <VmPageOf key={`${ref.namespace}/${ref.name}`} vm={ref} />
}

function VmPageOf({ vm: ref }: { vm: VmRef }) {
  const state = useVm(ref)
  // A deleted VM says what it was. The row is a new object each time: only another VM of the same name counts.
  const [lastSeen, setLastSeen] = useState<VmRow>()
  if (state.status === 'ready' && state.row.uid !== lastSeen?.uid) setLastSeen(state.row)

  return (
    <>
      <title>{`${ref.name} · virtdeck`}</title>
      <VmPageContent vm={ref} state={state} lastSeen={lastSeen} />
    </>
  )
}

function VmPageContent({ vm: ref, state, lastSeen }: { vm: VmRef; state: ReturnType<typeof useVm>; lastSeen: VmRow | undefined }) {
  switch (state.status) {
    case 'loading':
      return <VmPageSkeleton name={ref.name} />
    case 'missing':
      return lastSeen ? <DeletedVm row={lastSeen} /> : <MissingVm vm={ref} />
    case 'error':
      return state.error.code === 403 ? <ForbiddenVm vm={ref} /> : <UnreadableVm name={ref.name} message={state.error.message} />
    case 'ready':
      return <ExistingVm vm={ref} objects={state} />
  }
}

function ExistingVm({ vm: ref, objects }: { vm: VmRef; objects: VmObjects }) {
  const { row } = objects
  const { pathname } = useLocation()
  const tab = pathname.slice(paths.virtualMachine(ref).length + 1)
  const snapshots = useWatchList(resources.virtualMachineSnapshots, { namespace: ref.namespace }).items.filter(
    (snapshot) => snapshot.spec.source.name === ref.name,
  )
  const { events } = useVmEvents(ref, objects)
  // Without snapshots the tab itself offers to take the first.
  const primary = tab !== 'snapshots' ? 'vnc' : snapshots.length > 0 ? 'snapshot' : undefined
  useVmShortcuts(ref, useVmActions(row))

  return (
    <>
      <VmHeader objects={objects} tab={tab} primary={primary} />
      <Tabs
        label={`Pages of ${row.name}`}
        current={tab}
        tabs={[
          { id: '', label: 'Overview', link: <Link to={paths.virtualMachine(ref)} /> },
          { id: 'console', label: 'Console', link: <Link to={paths.virtualMachine(ref, 'console')} /> },
          { id: 'snapshots', label: 'Snapshots', count: snapshots.length, link: <Link to={paths.virtualMachine(ref, 'snapshots')} /> },
          { id: 'events', label: 'Events', count: events.length, link: <Link to={paths.virtualMachine(ref, 'events')} /> },
          { id: 'yaml', label: 'YAML', link: <Link to={paths.virtualMachine(ref, 'yaml')} /> },
        ]}
      />
      {objects.vm?.metadata.deletionTimestamp && (
        <Banner title="This VM is being deleted.">It leaves as soon as its guest has stopped.</Banner>
      )}
      <Outlet />
      {tab !== 'console' && <PhoneVerbBar row={row} />}
      <VmDialogs row={row} />
    </>
  )
}

/** All there is on the page. */
function Whole(props: Omit<ComponentProps<typeof EmptyState>, 'page'>) {
  return (
    <div className="centre">
      <EmptyState page {...props} />
    </div>
  )
}

function MissingVm({ vm: { namespace, name } }: { vm: VmRef }) {
  return (
    <Whole
      icon={VmIcon}
      title={`There is no VM ${name}`}
      body={
        <>
          Namespace <b>{namespace}</b> has no virtual machine of this name. It may have been deleted, or the link may be mistyped.
        </>
      }
      action={<AllVms />}
    />
  )
}

function DeletedVm({ row }: { row: VmRow }) {
  return (
    <Whole
      icon={VmIcon}
      title={`${row.name} was deleted`}
      body={
        <>
          It was in namespace <b>{row.namespace}</b>. This page comes back by itself if a VM of this name is created.
        </>
      }
      action={<AllVms />}
    />
  )
}

function ForbiddenVm({ vm: { namespace } }: { vm: VmRef }) {
  return (
    <Whole
      icon={LockIcon}
      title="You may not see this VM"
      body={
        <>
          Seeing it needs <b>list</b> and <b>watch</b> on <b>virtualmachines</b> in namespace <b>{namespace}</b>. Ask whoever runs that
          namespace.
        </>
      }
      action={
        <>
          <HowToGetIt reason={whyDenied({ ...resourceAccess('list', resources.virtualMachines), namespace })} />
          <AllVms />
        </>
      }
    />
  )
}

function UnreadableVm({ name, message }: { name: string; message: string | undefined }) {
  return <Whole tone="error" title={`${name} could not be read`} body={message} action={<AllVms />} />
}

const AllVms = () => <Button render={<Link to={paths.virtualMachines()} />}>All virtual machines</Button>

function VmPageSkeleton({ name }: { name: string }) {
  return (
    <div className="dhead" aria-busy="true">
      <div className="top">
        <span className="os big" />
        <div className="ttl">
          <h1>{name}</h1>
          <div className="sub">
            <Skeleton width={220} />
          </div>
        </div>
      </div>
    </div>
  )
}
