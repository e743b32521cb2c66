package main

const storeHelp = `Store looks into the directory where a program keeps its results, while programs use
it or not, and changes nothing unless it is told to.

Without -store it is the only store in the directory that the environment variable
WORKGEN_STORE names or, if that is not set, in workgen below the user's cache.
-store takes a directory, or the name of one of several.

Keys are hexadecimal digits; the first ones do where no other key begins so. Works
are named by import path, dot, type, or by the end of that.

With -json every command prints one object per line. The exit status is 0 when all
is well, 1 when verify finds damage, and 2 for wrong usage and other failures.`

const storeExample = `  workgen store ls -work Trainer
  workgen store why Trainer        # why was it executed?
  workgen store show 3f2a
  workgen store rm -work Trainer -until 30d`

const lsHelp = `Ls lists calls: their keys, how long ago they finished and how long they took, the
size of the result before compression, how often it was got from the store, and
the inputs. Results that have gone, and are remembered for a while, are listed with
-status.`

const lsExample = `  workgen store ls -since 24h
  workgen store ls -work daily.Trainer -status failed
  workgen store ls -status all -limit 0 -json`

const showHelp = `Show prints the record of each call, and its result in the diagnostic notation of
CBOR (RFC 8949) if that is small. Values of secret inputs are not kept, and results of
calls with secret inputs are not printed.`

const showExample = `  workgen store show 3f2a 9c81`

const whyHelp = `Why says why a call was executed: it was never seen before; which arguments differ from
those of the nearest earlier call, which is the one that has the most in common with
it; which symbols of the code have changed; or how its earlier result went. Of a
result that has gone it says how.

Without key it is about the call that was executed last, of the work or of any.`

const whyExample = `  workgen store why
  workgen store why Trainer
  workgen store why 3f2a
  workgen store why Trainer -json`

const rmHelp = `Rm deletes results and records of failures. Keys are deleted at once; what is selected
by flags after a question, unless -y is given. Without a terminal -y is needed.`

const rmExample = `  workgen store rm 3f2a
  workgen store rm -work Trainer
  workgen store rm -until 30d -y
  workgen store rm -all`

const gcHelp = `Gc drops results that have expired, what dead processes have left, and, with flags, what
does not fit. A program does so by itself while it has the store open, with the bounds
that it has set.`

const gcExample = `  workgen store gc
  workgen store gc -max-bytes 2GiB -max-age 30d`

const verifyHelp = `Verify reads every result and compares its checksum, and has the database look for
damage of its own. The exit status is 1 when there is any. Damaged results are also
found, reported and dropped when they are got.`

const verifyExample = `  workgen store verify
  workgen store verify -drop`
