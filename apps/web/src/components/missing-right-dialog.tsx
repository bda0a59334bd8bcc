import { canICommand, deniedReason, grantYaml } from '@virtdeck/k8s'
import type { AccessQuestion } from '@virtdeck/k8s'
import { useSession } from '../api/session.ts'
import { CodeBlock, CommandLine } from '../ui/code-block.tsx'
import { Dialog } from '../ui/dialog.tsx'

/** What is missing, in words and as the rule that somebody who may grant it can apply. */
export default function MissingRightDialog({ question, onClose }: { question: AccessQuestion; onClose: () => void }) {
  const user = useSession().session?.user?.name ?? ''
  const yaml = grantYaml(question, user)
  return (
    <Dialog title="A right is missing" wide onClose={onClose} footer={<CommandLine command={canICommand(question, user)} />}>
      <p>{deniedReason(question)}</p>
      <p>
        Whoever runs the cluster can allow it{question.namespace === undefined ? '' : ` in ${question.namespace}`}: this {'goes to '}
        <code className="mono">kubectl apply -f -</code>. It holds no more than this one right; a role of your team may be the better place
        for it.
      </p>
      <CodeBlock copyLabel="Copy the rule">{yaml}</CodeBlock>
      <p className="dim">Once it is granted, the button works within a minute. The command below asks the cluster whether it is.</p>
    </Dialog>
  )
}
