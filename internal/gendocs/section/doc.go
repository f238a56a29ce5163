// Package section replaces the generated parts of a page of documentation. It
// promises to touch nothing outside of the markers, and that a missing marker is
// an error. It must not import anything of alitriage: the modules that generate
// documentation share it.
package section
