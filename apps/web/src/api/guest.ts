// What only the guest knows: asked again every while, as it cannot be watched; not at all where the user may not, nor
// while the browser tab is hidden.
import { subresourcePath } from '@virtdeck/k8s'
import type { ObjectRef } from '@virtdeck/k8s'
import { useQuery } from '@tanstack/react-query'
import { useAccess, type AccessAnswer } from './access.ts'
import { apiFetch, k8s } from './client.ts'

type VmRef = Required<ObjectRef>

const AGENT_REFRESH_MS = 30_000
const SCREEN_REFRESH_MS = 15_000

/** Of VirtualMachineInstanceGuestAgentInfo, what is shown. */
type GuestInfo = {
  hostname?: string
  guestAgentVersion?: string
  timezone?: string
  os?: { prettyName?: string; kernelRelease?: string }
}
type GuestUsers = { items?: { userName: string; domain?: string; loginTime?: number }[] }

type GuestAnswer<T> = {
  data?: T
  /** Why the user may not ask. */
  denied?: string
}

/** Only for a VMI whose agent is connected: the others answer 500. */
export const useGuestInfo = (vmi: VmRef & { uid: string }) => useGuestAgent<GuestInfo>(vmi, 'guestosinfo')
export const useGuestUsers = (vmi: VmRef & { uid: string }) => useGuestAgent<GuestUsers>(vmi, 'userlist')

function useGuestAgent<T>(vmi: VmRef & { uid: string }, subresource: 'guestosinfo' | 'userlist'): GuestAnswer<T> {
  const access = useVmiAccess(vmi.namespace, subresource)
  const { data } = useQuery({
    queryKey: ['guest', vmi.uid, subresource],
    queryFn: ({ signal }) => k8s.request<T>('GET', subresourcePath('virtualmachineinstances', vmi, subresource), undefined, { signal }),
    enabled: access.allowed === true,
    refetchInterval: AGENT_REFRESH_MS,
  })
  return { data, denied: access.allowed === false ? access.reason : undefined }
}

type Screenshot = {
  /** A data URL: the page's policy allows images from nowhere else. */
  url: string
  /** Milliseconds since the epoch. */
  at: number
}

/** The guest's screen now and then; null while it shows nothing. */
export function useScreenshot(vm: VmRef & { uid: string }, running: boolean): GuestAnswer<Screenshot | null> {
  const access = useVmiAccess(vm.namespace, 'vnc/screenshot')
  const { data } = useQuery({
    queryKey: ['screenshot', vm.uid],
    queryFn: ({ signal }) => screenshot(vm, signal),
    enabled: running && access.allowed === true,
    staleTime: SCREEN_REFRESH_MS,
    refetchInterval: SCREEN_REFRESH_MS,
  })
  return { data, denied: access.allowed === false ? access.reason : undefined }
}

function useVmiAccess(namespace: string, subresource: string): AccessAnswer {
  return useAccess(namespace)({ verb: 'get', group: 'subresources.kubevirt.io', resource: 'virtualmachineinstances', subresource })
}

async function screenshot(vm: VmRef, signal: AbortSignal): Promise<Screenshot | null> {
  const response = await apiFetch(`/k8s${subresourcePath('virtualmachineinstances', vm, 'vnc/screenshot')}`, {
    signal,
    headers: { accept: '*/*' },
  })
  if (!response.ok || response.headers.get('content-type') !== 'image/png') return null
  const bytes = new Uint8Array(await response.arrayBuffer())
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return { url: `data:image/png;base64,${btoa(binary)}`, at: Date.now() }
}
