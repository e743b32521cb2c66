package storecmd

import "strings"

// examples puts the name of the tool before each of some examples.
func (c *inspector) examples(lines string) string {
	return "  " + c.tool.Name + " " + strings.ReplaceAll(lines, "\n", "\n  "+c.tool.Name+" ")
}

const commonHelp = `A call is one work with one list of arguments, and has a key; an execution is one time
that it was executed, and has an attempt number. Commands take a work or a key: works
are named by import path, dot, type, or by the end of that, and keys by hexadecimal
digits, of which the first ones do where no other key begins so.

With -json every command prints one object per line. The exit status is 0 when all
is well, 1 when verify finds damage, and 2 for wrong usage and other failures.`

const lsHelp = `Ls lists executions, the newest first: the key of the call, how it ended or how far it
has come, which attempt it was, how long ago it began and how long it took, the size
of the result before compression, how often that was got from the store, and the
inputs. Behind the path of a file whose content is an input, too, stand # and digits,
which are others when that has changed. One that is lost has not ended: its process
died, its lease expired, or the call was deleted.`

const lsExample = `ls -since 24h
ls Trainer -status failed,given-up,lost
ls -newest -text "no such bucket"
ls -status running
ls -limit 0 -json`

const showHelp = `Show prints the newest execution of each call with all that is kept of it, its result in
the diagnostic notation of CBOR (RFC 8949) if that is small, and the executions before
it. Of a work it is the call that was executed last. Values of secret inputs are not
kept, and results of calls with secret inputs are not printed.`

const showExample = `show Trainer
show 3f2a 9c81 -limit 0`

const whyHelp = `Why says why a call was executed: how its own execution before went, and what became of
that result; or what differs from the nearest earlier call: which arguments, the
content of which files, which symbols of the code, or what the program was built
with; or that the work was never seen before. The nearest is the call that has the
most inputs in common with it.

Without a key it is about the call that was executed last, of the work or of any.`

const whyExample = `why
why Trainer
why 3f2a
why Trainer -json`

const exportHelp = `Export prints executions, the newest first, as JSON, one object per line, as they are
read. What stands here stays so; fields may be added. Fields that have no value are
left out. Times are those of RFC 3339, in UTC.

  key         of the call: 64 hexadecimal digits
  work        full name of the work
  status      running, succeeded, failed, given up, stopped or lost; of a result that
              has gone: evicted, expired, deleted or unreadable
  attempt     which execution of its call it is, from 1
  schema, code, build
              what the key is made of, with work and arguments
  arguments   the inputs in order, each with name, type, text for people, secret,
              and digest, which is equal for equal values; secret ones have no text
  host, pid, program
              where it was executed
  writer      who has written it, as the store knows that, such as a user of the database
  requested, started, finished
  progress    done, total and note, as the work says how far it has come
  size        of the result in bytes, before compression
  error       why it failed or was lost, or why its result has gone
  stack       where it panicked
  log         the last lines that it logged
  retry       when it is to be executed again, at the earliest
  expires     when the result ceases to be one
  gone        when the result went, or the call was deleted
  used, hits  when the result was got from the store, and how often
  seq         number of the execution: those that began later have greater ones
  result, noResult
              with -results: the result in the diagnostic notation of CBOR (RFC 8949),
              or why it is not printed

The symbols that code is made of are many, and left to show -json.`

const exportExample = `export > executions.jsonl
export Trainer -since 7d -status failed,given-up,lost
export -newest -results`

const rmHelp = `Rm deletes results, and has calls begin anew that failed, were given up or were lost. The
history of their executions stays. Keys are deleted at once; works, and what is selected
by flags, after a question, unless -y is given. Without a terminal -y is needed.`

const rmExample = `rm 3f2a
rm Trainer
rm -until 30d -y
rm -all`

const queueHelp = `Queue lists the workers that have reported lately: in which program and process they
are, which pools they take calls from, how many at once and how many now, when they
reported last, and which works they serve. Of calls that programs have queued for workers,
with runtime.WithWorkers, it lists how many wait and how many a worker has, since when the
oldest waits, and how many workers serve them. Workers serve a work of the same code only:
then both have the same route. - is the pool without a name.

With -json there is an object for each worker, and one for the tasks of each pool and work.`

const queueExample = `queue
queue -json`

const gcHelp = `Gc drops results that have expired, what dead processes have left, and, with flags, what
does not fit. A program does so by itself while it has the store open, with the bounds
that it has set.`

const gcExample = `gc
gc -max-bytes 2GiB -max-age 30d`

const gcAgeExample = `gc
gc -max-age 30d`

const verifyHelp = `Verify reads every result and compares its checksum, and has the database look for
damage of its own. The exit status is 1 when there is any. Damaged results are also
found, reported and dropped when they are got.`

const verifyExample = `verify
verify -drop`
