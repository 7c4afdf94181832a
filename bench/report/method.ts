/** What is measured, for the page. */
export const method = `## What is measured

A container is moved from one access point of the lab to the other. In it runs the same program for all contestants: it holds incompressible
memory, rewrites whole pages of it at a steady rate (**dirty**; chosen uniformly, each with new incompressible bytes), and answers over TCP. A
station at the destination sends it a numbered message every 10 ms over one connection, kept open the whole time. The uplinks of both nodes
are limited by \`tc\` (htb) to the rate under **link**, in both directions, with a queue of 100 ms as real uplinks have.

- **client gap**: the longest time in which the station heard nothing, from the order until a pass over the whole memory afterwards.
- **frozen**: from freeze to resume, by the agents' own account.
- **total**: from the order until the container runs at the destination, can be reached, and nothing of it is left behind; for Tagalong until
  its commit, or until the last page that followed behind. Tidying up both nodes afterwards, which Tagalong does and the others leave undone,
  does not count.
- **sent**: what the interface to the backbone of the node that the container left counted from before the order until the client was
  content; everything, with headers, the client's messages and telemetry.
- **worst gap in rounds**: a thread of the workload sleeps for 1 ms again and again and says how long the longest time between two wake-ups was;
  of the time in which memory was sent ahead. About 1.1 ms is none at all.
- **memory of the agent**: peak resident memory (\`VmHWM\`) of the agent and of its pagers, which are processes of the same program: its pages
  count once. **of helpers**: of the other programs that it started for the move (runC, CRIU, tar, sh), together. Of both nodes the larger one,
  of all runs the largest. **processor time**: of both agents and all these programs.
- In brackets and under **ratio**: how many times as much as \`tagalong-auto\` needs. Above 1, Tagalong is better.

A run counts only if the connection survived, no message was lost or doubled, every page is what it says it is and no rewriting of a page was
lost; others are listed as failed. The contestants take turns, after one run each that is not counted. All find the container's file system
at the destination.

- **tagalong-cold**, **-pre-copy**, **-post-copy**, **-hybrid**: the request \`migrate\` with that technique. **tagalong-auto**: without one; the column
  **technique** says what it chose.
- **tagalong-prepared**: the request \`prepare\`; when the container's document says that the destination is prepared, and a second later, the
  move is ordered, and measured from there. What the preparation sent is under **sent before**.
- **tagalong-return**: the container of \`tagalong-auto\` runs for two seconds where it went, the station goes back, and the container is moved
  back. **tagalong-return-changed**: then it rewrites 5 % of its pages at once, and is moved once more to the node that it has been on.
- **recipe-cold**: \`runc checkpoint\`, \`rsync -haz\` over ssh, \`runc restore\`, the recipe that is usually followed by hand. The original keeps no
  TCP connection; to be comparable it gets \`--tcp-established\` and a network namespace with the same address on both nodes, switched by
  Tagalong's own commands. Its images lie on tmpfs, and the order to restore costs it nothing: both are kinder than the original.
- **recipe-post-copy**: the same with \`--lazy-pages --page-server\`, and \`criu lazy-pages\` at the destination, started before the restore as it has
  to be. **recipe-pre-copy**, **recipe-hybrid**: with \`--pre-dump\`, where CRIU says that the kernel tracks dirty pages.
- **podman**: \`podman container checkpoint --export --tcp-established\`, \`scp\`, \`podman container restore --import --tcp-established\`, with runC, the
  default compression (zstd), the archive on tmpfs, and the same network by hand.
- **floor**: \`runc checkpoint\` and \`runc restore\` on the node where the station is, images on tmpfs, nothing transferred, the bridge's port open
  all the time, CRIU's own lock of the network: what runC and CRIU cost when nobody helps them.`;

/** What is weak about it, for the page. */
export const weaknesses = `## What is weaker than it should be

- Both nodes are namespaces of one machine with one kernel: the processors are shared, the backbone is a virtual cable, and where the
  link says \`free\` nothing limits it but memory.
- The workload keeps no files, since the recipe cannot carry any, and its own interpreter takes about 8 MiB of the container's memory beside
  what the tables say.
- The gap holds TCP's own waiting: after a silence the client's next retransmission may come late. It comes about 0.2, 0.6, 1.4 seconds after
  the last answer, and from there on each second, so gaps gather there: the client's kernel is told to wait no longer (\`tcp_rto_max_ms\`). By
  default it doubles its waiting, and after long pauses a client is silent for up to twice as long. And before the move the client's
  messages share the limited link with the container's memory. Both meet all contestants alike.
- Tagalong keeps the frozen source in memory until the commit, so it needs more memory that nobody used lately than a recipe that has given
  the source up. Where the host of a virtual machine gives such memory out slowly, that is seen in its \`restoring\`, with much memory above all.
- Helpers are looked at ten times a second: the memory of one that lives shorter than that is not seen, its processor time is.
- Few runs: medians are sound, the extremes are not percentiles.`;
