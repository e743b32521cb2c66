package main

var styles = []string{
	`@charset "UTF-8"; @import url("a.css") screen; :root { --x: 1px; --y : calc( 1px + 2 * var(--x) ) }
a:hover > b ~ c + d, .e#f[g="h" i]::before { color: #ff0000; background: rgba(0, 10%, 20, .5); margin: 0px 0px 0px 0px; inset: 1px 2px }
@media (min-width: 100px) and (max-width: 200px), print { .k { font: bold 12px/1.5 "Times New Roman", serif; transform: translate3d(0,0,0) rotate(0.0deg) } }
@keyframes z { from { opacity: 0 } 50.0% { opacity: .50 } to { opacity: 1.0 } }`,
	`@layer base, more; @layer base { .a { .b & { color: hsl(120deg 100% 50% / 0.5) } &:is(.c, .d) { color: oklch(50% .1 20) } } }
@supports (display: grid) and (not (display: inline-grid)) { a { grid-area: 1 / 2 / 3 / 4; background: linear-gradient(to right, red 0%, blue 50%, green) } }
@container name (width > 400px) { a { box-shadow: 0 0 0 1px rgb(1 2 3 / 4%) , inset 0 0 red } } @font-face { font-family: X; src: url(data:font/woff2;base64,AA==) } /*! keep */`,
	`a { color: red; color: ; b { } } } @media { unclosed { x: "y`,
}

// typed is the first of scripts that is TypeScript.
const typed = 5

var scripts = []string{
	`"use strict"; import def, {a as b, c} from "m"; import * as ns from 'n'; export * from "x"; export default class extends def { static #p = 1; get q() { return this.#p ?? 2 } static { foo() } async *gen() { yield* [1, 2] } }
let {x, y: [z = 1, ...rest], ...others} = ns; const f = async (a, b = 2, ...c) => { await a; for await (const d of c) { if (d) continue; else break } };`,
	`var n = 0x10 + 0b11 + 0o17 + 1e3 + .5 + 1_000n, s = 'it\'s' + "\u{1F600}\x41\n" + ` + "`a${n}b${`c${1+1}`}`" + `, r = /a[/]b(?<n>c)+?/giu, t = n ? s : r, u = typeof n === 'undefined' || void 0 == null && !(n in [1,,2]);
label: for (var i = 0, j = 10; i < j; i++, --j) { switch (i) { case 1: case 2: continue label; default: break label } } do { n **= 2 } while (n < 100); while (false) ; with_ = function named() { return arguments.length }; delete n.x, n?.y?.[1]?.(2), new Foo, new.target`,
	`try { throw new Error("x") } catch { debugger } finally { if (1) { a() } else if (0) { b() } else c() } for (const k in o) ; for (let v of [..."abc"]) { (() => { return })(); ({ ["comp" + 1]: 1, get a() { return 1 }, set a(v) {}, b, 'c-d': 2, async e() {}, *g() {} }) } x ||= 1; y &&= 2; z ??= 3; if (!a) b(); if (a) { return_() } else { } true ? 1 : 2; a === b ? a : b; !!x; -(-x); +(+x); ~~x; (a, b); a + (b + c); (a + b) + c; a * (b + c); "a" + "b" + "c"; 1 + 2; 3 < 4; "x".length`,
	`let a = 1; let a = 2; return } ] const`,
	`import x from "y" with { type: "json" }; import.meta.url; import("z").then(m => m.default); export { x as "string name" }; export const [p, q] = [1, 2]; export async function h() {} class A { accessor k = 1; 'constructor'() {} static async *[Symbol.iterator]() {} } <!-- html comment
a = b ? c : d ? e : f; using_; var \u0061b = 1; if (a) function g() {} `,
	`enum E { A, B = 5, C, D = "x", F = A | C } const enum G { H = 1 << 3 } namespace N.M { export const v = E.A; export function w(): void {} } interface I<T extends object = {}> { (x: T): string; readonly y?: number; [k: string]: any }
abstract class K<T> extends L<T> implements I<T> { constructor(private readonly a: string, public b?: number) { super() } declare c: number; d!: string; abstract e(): void; static override f = <T,>(x: T) => x as unknown as string; @dec() method(@p q: number): asserts q is 5 {} }
type U = { [K in keyof T]?: T[K] extends infer V ? V : never } | readonly string[] | typeof import("x"); import type { Z } from "z"; import fs = require("fs"); export = fs; let t = a! satisfies B; function over(x: string): void; function over(x: any) {}`,
	`const el = <div className="a" {...props} key={1}>text &amp; {value} <Foo.Bar render={() => <></>} /> {/* c */} <a-b c:d="e"/></div>; let g = f<string>(1); declare module "m" { export const q: number }`,
}
