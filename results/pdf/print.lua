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

function Para(p)
    if #p.content == 1 and p.content[1].t == "Image" then
        local image = p.content[1]
        return {pandoc.RawBlock("latex", "\\begin{figure}[H]\\centering\\includegraphics[width=\\textwidth]{" .. os.getenv("PLOTS") .. "/" .. image.src:gsub("svg$", "pdf") .. "}"),
                pandoc.Plain({pandoc.RawInline("latex", "\\caption{"), pandoc.Span(image.caption), pandoc.RawInline("latex", "}")}),
                pandoc.RawBlock("latex", "\\end{figure}")}
    end
end

function Table(t)
    -- A page ends before a table rather than in it: there must be room for its rows and rules.
    local lines = #t.bodies[1].body + 6
    return {pandoc.RawBlock("latex", "\\room{" .. lines .. "}"),
            pandoc.RawBlock("latex", "\\begingroup\\small\\setlength{\\tabcolsep}{4pt}"), t, pandoc.RawBlock("latex", "\\endgroup")}
end

function Pandoc(d)
    d.meta.title = pandoc.MetaInlines(title)
    return d
end
