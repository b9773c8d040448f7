-- What pandoc's readers leave out: table scopes, folded data tables, alt text in Typst.

local function typst_string(text)
  return '"' .. text:gsub('\\', '\\\\'):gsub('"', '\\"') .. '"'
end

local function typst_of(inlines)
  return (pandoc.write(pandoc.Pandoc({ pandoc.Plain(inlines) }), 'typst'):gsub('%s+$', ''))
end

local function width_of(image)
  return image.attributes['width'] or '100%'
end

-- A region that scrolls sideways on a narrow screen, with keys too.
local function scrolling(block, label)
  local named = { { 'role', 'region' }, { 'aria-label', label }, { 'tabindex', '0' } }
  return pandoc.Div({ block }, pandoc.Attr('', { 'scroll' }, named))
end

-- Tables of so few rows are not broken between pages; longer ones begin where there is room.
local SHORT = 16

local function with_scope(cells, scope)
  for _, cell in ipairs(cells) do
    cell.attr.attributes['scope'] = scope
  end
end

function Table(tbl)
  if FORMAT:match('html') then
    for _, row in ipairs(tbl.head.rows) do
      with_scope(row.cells, 'col')
    end
    for _, body in ipairs(tbl.bodies) do
      body.row_head_columns = 1
      for _, row in ipairs(body.body) do
        with_scope({ row.cells[1] }, 'row')
      end
    end
    return scrolling(tbl, pandoc.utils.stringify(tbl.caption.long))
  end
  if FORMAT == 'typst' then
    if #tbl.bodies[1].body > SHORT then
      return { pandoc.RawBlock('typst', '#room'), tbl }
    end
    return { pandoc.RawBlock('typst', '#whole['), tbl, pandoc.RawBlock('typst', ']') }
  end
end

function Figure(fig)
  if FORMAT:match('html') then
    local label = 'Chart: ' .. pandoc.utils.stringify(fig.caption.long)
    fig.content = { scrolling(pandoc.Plain(pandoc.utils.blocks_to_inlines(fig.content)), label) }
    return fig
  end
  if FORMAT ~= 'typst' then
    return nil
  end
  local image
  fig:walk({ Image = function(found) image = found end })
  local alt = typst_string(pandoc.utils.stringify(image.caption))
  local caption = typst_of(pandoc.utils.blocks_to_inlines(fig.caption.long))
  return pandoc.RawBlock('typst',
    '#figure(image(' .. typst_string(image.src) .. ', width: ' .. width_of(image) .. ', alt: ' .. alt .. '), alt: ' .. alt ..
    ', caption: [' .. caption .. '])')
end

local BLOCKS = { cards = true, card = true, number = true, finding = true, sureness = true,
                 note = true, question = true, answer = true, stamp = true }

function Div(div)
  local class = div.classes[1]
  if class == 'details' then
    if FORMAT:match('html') then
      local summary = div.attributes['summary']
      div.content:insert(1, pandoc.RawBlock('html', '<details><summary>' .. summary .. '</summary>'))
      div.content:insert(pandoc.RawBlock('html', '</details>'))
      return div.content
    end
    return {}
  end
  if FORMAT == 'typst' and BLOCKS[class] then
    div.content:insert(1, pandoc.RawBlock('typst', '#' .. class .. '['))
    div.content:insert(pandoc.RawBlock('typst', ']'))
    return div.content
  end
end
