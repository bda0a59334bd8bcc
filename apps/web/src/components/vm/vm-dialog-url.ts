// Which dialog of which VM is open is state of the URL: `?do=stop&vm=NAMESPACE/NAME`; on the VM's own page `?do=stop`.
import { useLocation, useNavigate, useParams } from 'react-router'
import type { VmRef } from '../../paths.ts'
import { isStillAt } from '../../util/still-at.ts'

const dialogVerbs = ['stop', 'forceStop', 'restart', 'migrate', 'cancelMigration', 'snapshot', 'delete'] as const

/** The verbs that ask before they act. */
export type DialogVerb = (typeof dialogVerbs)[number]
export type VmDialog = { verb: DialogVerb; ref?: VmRef }

const isDialogVerb = (text: string | null): text is DialogVerb => (dialogVerbs as readonly (string | null)[]).includes(text)

/** The dialog that a URL's search names; nothing for a verb that has none, or a malformed VM. */
export function parseVmDialog(search: string): VmDialog | undefined {
  const parameters = new URLSearchParams(search)
  const verb = parameters.get('do')
  if (!isDialogVerb(verb)) return undefined
  const vm = parameters.get('vm')
  if (vm === null) return { verb }
  const [namespace, name, ...rest] = vm.split('/')
  return namespace && name && rest.length === 0 ? { verb, ref: { namespace, name } } : undefined
}

/** The same search with a dialog in it, or without any. */
export function withVmDialog(search: string, dialog?: VmDialog): string {
  const parameters = new URLSearchParams(search)
  parameters.delete('do')
  parameters.delete('vm')
  if (dialog) parameters.set('do', dialog.verb)
  if (dialog?.ref) parameters.set('vm', `${dialog.ref.namespace}/${dialog.ref.name}`)
  // A namespace and a name never hold a slash: it may stay readable.
  const text = parameters.toString().replaceAll('%2F', '/')
  return text ? `?${text}` : ''
}

/** Opening pushes a history entry, so Back closes; closing returns to where opening came from. */
export function useVmDialog() {
  const location = useLocation()
  const navigate = useNavigate()
  const params = useParams()
  const opened = (location.state as { opened?: boolean } | null)?.opened === true

  return {
    dialog: parseVmDialog(location.search),
    open(verb: DialogVerb, { namespace, name }: VmRef) {
      const here = params.namespace === namespace && params.name === name
      const search = withVmDialog(location.search, here ? { verb } : { verb, ref: { namespace, name } })
      void navigate({ search }, { state: { ...(location.state as object | null), opened: true } })
    },
    close() {
      if (!isStillAt(location, ['do', 'vm'])) return
      if (opened) void navigate(-1)
      else void navigate({ search: withVmDialog(location.search) }, { replace: true })
    },
  }
}
