package emit

import "strings"

// An editor shows the comments of a runner and its Run where they are used: they say what
// the user has written about the work, and its options.

// commentRunner writes the comment of the runner.
func (w *work) commentRunner() {
	w.comment("%s runs a [%s] once per distinct input. Make one with [%s].%s%s",
		w.runner, w.name, w.constructor, w.optionsSentence(), paragraph(firstParagraph(w.plan.Scan.Doc)))
}

// commentRun writes the comment of Run.
func (w *work) commentRun() {
	own, subject := firstParagraph(w.plan.Scan.RunDecl.Doc.Text()), "Run"
	if strings.HasPrefix(own, "Run ") {
		subject = own + paragraph("It")
	}
	text := subject + " returns what [" + w.name + ".Run] returns, and executes it unless an equal call has succeeded or is executing." + w.optionsSentence()
	if subject == "Run" {
		text += paragraph(own)
	}
	w.comment("%s", text)
}

// paragraph is text as a paragraph that follows another one, if there is any.
func paragraph(text string) string {
	if text == "" {
		return ""
	}
	return "\n\n" + text
}

// optionsSentence says which options the directive of the work has, if any.
func (w *work) optionsSentence() string {
	if w.plan.Scan.Options.Text == "" {
		return ""
	}
	return " Options: " + w.plan.Scan.Options.Text + "."
}

// firstParagraph is the text of a doc comment up to what is no plain text: a blank line, a
// heading, a list or code.
func firstParagraph(doc string) string {
	lines := strings.Split(doc, "\n")
	for i, line := range lines {
		if line == "" || strings.ContainsAny(line[:1], " \t#-*") {
			lines = lines[:i]
			break
		}
	}
	return strings.Join(lines, "\n")
}
