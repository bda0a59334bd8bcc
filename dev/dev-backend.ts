// The demo from its sources, for `npm run dev`.
import { demo } from './demo.ts'

// Browsers reach it through Vite.
await demo(process.argv.slice(2), { publicOrigin: 'http://127.0.0.1:8080' })
