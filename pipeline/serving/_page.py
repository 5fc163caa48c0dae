"""The page for trying a model. Its script and style are files of their own: the policy allows nothing inside of it."""

from __future__ import annotations

import html

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


def page(name: str, task: str, labels: tuple[str, ...]) -> str:
    """The page of one model; names of strangers stay text."""
    about = f"{task}: {', '.join(labels)}"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(name)}</title>
<link rel="stylesheet" href="/page.css">
<script src="/page.js" defer></script>
</head>
<body>
<h1>{html.escape(name)}</h1>
<p>{html.escape(about)}</p>
<form id="form">
<label for="text">Text</label>
<textarea id="text" rows="6" autofocus></textarea>
<button type="submit">Predict</button>
</form>
<p id="shown" aria-live="polite"></p>
<pre id="answer"></pre>
</body>
</html>
"""


STYLE = """body { font-family: system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
textarea { width: 100%; box-sizing: border-box; font: inherit; }
label { display: block; }
#shown { line-height: 2; white-space: pre-wrap; overflow-wrap: anywhere; }
mark { padding: 0.1em 0.3em; border-radius: 0.3em; background: #ffe08a; color: #000; }
mark small { margin-left: 0.4em; font-weight: bold; }
pre { overflow-x: auto; background: #f4f4f4; color: #000; padding: 0.6rem; }
"""

# What comes back goes into the page as text nodes only. Offsets count characters, and a string of the browser does not:
# it is cut into characters first.
SCRIPT = """"use strict";
const [form, text, shown, answer] = ["form", "text", "shown", "answer"].map((id) => document.getElementById(id));

function marked(given, spans) {
  const characters = Array.from(given);
  const parts = [];
  let at = 0;
  for (const span of spans) {
    parts.push(characters.slice(at, span.start).join(""));
    const mark = document.createElement("mark");
    const label = document.createElement("small");
    label.textContent = span.label;
    mark.append(characters.slice(span.start, span.end).join(""), label);
    parts.push(mark);
    at = span.end;
  }
  parts.push(characters.slice(at).join(""));
  return parts;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = text.value;
  shown.replaceChildren("…");
  answer.textContent = "";
  try {
    const headers = { "Content-Type": "application/json" };
    const response = await fetch("/predict", { method: "POST", headers, body: JSON.stringify({ text: given }) });
    const found = await response.json();
    if (!response.ok) {
      shown.replaceChildren(found.error);
      return;
    }
    const one = found.predictions[0];
    shown.replaceChildren(...(one.spans ? marked(given, one.spans) : [String(one.label ?? "")]));
    answer.textContent = JSON.stringify(one, null, 1);
  } catch (error) {
    shown.replaceChildren("No answer: " + error.message);
  }
});
"""
