-- What paper needs: the first heading as the title, plots at full text width with their captions, tables in small
-- type, and no links to files that do not lie beside the PDF.

local title

function Header(h)
    if h.level == 1 then
        title = h.content
        return {}
    end
    h.level = h.level - 1
    return h
end

function Link(l)
    if not l.target:match("^%a+://") then
        return l.content
    end
end

-- An image with its caption behind it.
function Para(p)
    if p.content[1].t == "Image" then
        local image = p.content[1]
        return {pandoc.RawBlock("latex", "\\begin{figure}[htb]\\centering\\includegraphics[width=" .. (image.src:match("layers") and "0.95" or "0.6") .. "\\textwidth]{" .. os.getenv("PLOTS") .. "/" .. image.src:gsub("svg$", "pdf") .. "}"),
                pandoc.Plain({pandoc.RawInline("latex", "\\caption{"), pandoc.Span(image.caption), pandoc.RawInline("latex", "}")}),
                pandoc.RawBlock("latex", "\\end{figure}")}
    end
end

-- A table stays on one page: longtable, which pandoc writes, breaks, and pushes plots behind it off the page.
function Table(t)
    local tex = pandoc.write(pandoc.Pandoc({t}), "latex")
    tex = tex:gsub("\\begin{longtable}%[%]", "\\nopagebreak\\begin{center}" .. (#t.colspecs > 6 and "\\footnotesize\\setlength{\\tabcolsep}{3pt}" or "\\small\\setlength{\\tabcolsep}{4pt}") .. "\\begin{tabular}")
    tex = tex:gsub("\\end{longtable}", "\\end{tabular}\\end{center}"):gsub("\\endhead\n", "")
    return pandoc.RawBlock("latex", tex)
end

function Pandoc(d)
    d.meta.title = pandoc.MetaInlines(title)
    return d
end
