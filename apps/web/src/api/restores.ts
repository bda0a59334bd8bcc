// Carries restores on: sends the stop and the start of the plan when they are due. From the tab that asked for it,
// whatever page it shows meanwhile, and again after a reload; anybody else only sees how far it is.
import { useSyncExternalStore } from 'react'
import { collectionPath, resources, toStatus } from '@virtdeck/k8s'
import type { Status, VirtualMachine, VirtualMachineRestore } from '@virtdeck/k8s'
import { projectVmRow } from '@virtdeck/kubevirt'
import { sendVmVerb } from './mutations.ts'
import { restoreProgress } from './restore-steps.ts'
import { watches } from './watch.ts'

type Plan = { uid: string; namespace: string; restore: string; vm: string }

const storageKey = 'virtdeck.restores'

const remembered = (): Plan[] => JSON.parse(sessionStorage.getItem(storageKey) ?? '[]') as Plan[]
const remember = (plans: readonly Plan[]) => sessionStorage.setItem(storageKey, JSON.stringify(plans))

function createRestorePlans() {
  const carried = new Set<string>()
  const listeners = new Set<() => void>()
  let refusals: Readonly<Record<string, Status>> = {}

  function refuse(uid: string, error: unknown) {
    refusals = { ...refusals, [uid]: toStatus(error) }
    for (const listener of listeners) listener()
  }

  function carry({ uid, namespace, restore, vm }: Plan) {
    if (carried.has(uid)) return
    carried.add(uid)
    const restores = watches.store({
      path: collectionPath(resources.virtualMachineRestores, namespace),
      fieldSelector: `metadata.name=${restore}`,
    })
    const vms = watches.store({ path: collectionPath(resources.virtualMachines, namespace), fieldSelector: `metadata.name=${vm}` })
    const subscriptions: (() => void)[] = []
    const sent = new Set<string>()
    let seen = false

    function look() {
      // The path names the resource, and with it the type.
      const object = restores.state().items[0] as VirtualMachineRestore | undefined
      const owner = vms.state().items[0] as VirtualMachine | undefined
      const gone = seen && (object?.metadata.uid !== uid || !owner)
      seen ||= object?.metadata.uid === uid && owner !== undefined
      if (gone) return end()
      if (!seen || !object || !owner) return
      const { due, outcome } = restoreProgress(object, owner)
      if (outcome !== 'working') return end()
      if (!due || sent.has(due)) return
      sent.add(due)
      sendVmVerb(due, projectVmRow({ vm: owner })).catch((error: unknown) => refuse(uid, error))
    }

    function end() {
      for (const unsubscribe of subscriptions) unsubscribe()
      carried.delete(uid)
      remember(remembered().filter((plan) => plan.uid !== uid))
    }

    subscriptions.push(restores.subscribe(look), vms.subscribe(look))
    look()
  }

  return {
    begin(plan: Plan) {
      remember([...remembered(), plan])
      carry(plan)
    },
    /** After a reload: what this tab had begun. */
    resume() {
      for (const plan of remembered()) carry(plan)
    },
    isOurs: (uid: string) => carried.has(uid),
    subscribe(listener: () => void) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    refusals: () => refusals,
  }
}

export const restorePlans = createRestorePlans()

/** What a step of a plan of this tab was refused with, if it was. */
export function useRestoreRefusal(uid: string): Status | undefined {
  return useSyncExternalStore(restorePlans.subscribe, restorePlans.refusals)[uid]
}
