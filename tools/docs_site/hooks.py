"""What MkDocs calls: adds the pages that are made from the repository."""

from typing import Any

from mkdocs.structure.files import File, Files, InclusionLevel

from tools.docs_site import api_pages, flag_pages, source_links

# The path in the repository of each page that is a file of it.
_ORIGINS: dict[str, str] = {}


def on_files(files: Files, config: Any) -> Files:
    """Adds pages of flags, of the API, and of files that pages link to."""
    made = flag_pages.flag_pages() | api_pages.api_pages()
    for path, text in made.items():
        files.append(File.generated(config, path, content=text))
    pages = {f"docs/{file.src_uri}" for file in files.documentation_pages()}
    pages = {page for page in pages if (source_links.ROOT / page).is_file()}
    pages |= set(source_links.OWN_PAGES)
    sources = source_links.all_linked_files(pages)
    for origin in sorted(sources | set(source_links.OWN_PAGES)):
        path = source_links.site_path(origin)
        text = source_links.source_page(origin)
        page = File.generated(config, path, content=text)
        if origin not in source_links.OWN_PAGES:
            page.inclusion = InclusionLevel.NOT_IN_NAV
        files.append(page)
    _ORIGINS.update(
        {source_links.site_path(each): each for each in sources | pages}
    )
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Points links that leave docs/ to the pages made of those files."""
    origin = _ORIGINS.get(page.file.src_uri)
    if origin is None or not origin.endswith((".md", ".ipynb")):
        return markdown
    return source_links.rewrite(markdown, origin)
