"""Chinese: its script, where its sentences and clauses end, and how its personal names are built."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.language import _cutting
from pipeline.types import Range

CODE = "zh"
NAME = "Chinese"
SCRIPT = "[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
"""A character of the language's script, as a class that Python and Rust (Polars) regular expressions both read."""

_SENTENCE_END = re.compile(r"[。！？!?]+[”’」』）》〉】]*|\n\s*")
_CLAUSE_END = re.compile(r"[，；,;]")

FAMILY_NAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾萧肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜"
    "崔钟谭陆汪范金石廖贾夏韦付傅方白邹孟熊秦邱江尹薛闫阎段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施文牛"
    "樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉"
    "骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗"
    "瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝官封谈匡鞠惠荆乐冀郁胥南班储原"
    "栗燕楚鄢劳谌奚皮粟冼蔺楼盘满闻位厉伊仝区郜海阚花权强帅屠豆朴盖练廉禹井祖漆巴丰支卿国狄平计索宣晋相初门云容敬"
    "来扈晁芮都普阙浦戈伏鹿薄邸雍辜羊阿乌母裘亓修邰赫杭况那宿鲜印逯隆茹诺战慕危玉银亢嵇公哈湛宾戎勾茅利呼居揭干但"
    "尉冶斯元束檀衣信展阴昝智幸奉植衡富尧闭由牧郗过翦溥沃经保濮幺归资怀从达扶弥火泉纳宛释喇墨字慎伉固铁逄冮英才刀"
    "理千稽水奎郄钮诸楠别萨拜洪赖常丘习占汝贝贡荀糜老步冒宦回腾崇秋"
)
"""Family names of one character; the commonest and the rarer ones that are in use."""

COMPOUND_FAMILY_NAMES = frozenset(
    re.findall(
        "..",
        "欧阳司马上官诸葛司徒东方独孤南宫万俟闻人夏侯尉迟长孙宇文皇甫公孙令狐钟离慕容澹台太史申屠轩辕端木百里"
        "呼延西门东郭南门濮阳淳于单于公羊赫连鲜于闾丘亓官左丘梁丘拓跋宗政第五完颜纳兰叶赫",
    )
)
"""Family names of two characters, written one after the other."""

NEGATIONS = frozenset(re.findall(r"\S+", "不 没 无 非 未 别 勿 莫 否 没有 不是 不会 不能 从不 从未 并非 毫无 不要"))
"""Words and characters without which a sentence says the opposite."""

_DESCRIBED = re.compile(r"[（〈]")  # a character that the encoding lacked, described: 钟（昆音）


def cut(text: str, limit: int, whole: Sequence[Range] = ()) -> list[Range]:
    """Ranges that cover `text`, each of at most `limit` characters: cut after 。！？, else ，；, else hard.

    Nothing is cut inside a range of `whole` (words, spans); one that is longer than `limit` makes a longer piece.

    >>> [text for a, b in cut("他来了。我们谈，谈了很久。", 6) for text in ["他来了。我们谈，谈了很久。"[a:b]]]
    ['他来了。', '我们谈，', '谈了很久。']
    """
    return _cutting.cut(text, limit, (_SENTENCE_END, _CLAUSE_END), whole)


def people(words: Sequence[str]) -> list[Range]:
    """Which of adjacent words, each a personal name or a part of one, are one person: ranges of word indices.

    A family name and the given name after it (one or two characters, or with a described character) are one person,
    and so are two family names and a given name of two characters (a married name: 陈 方 安生). A single character
    that is no listed family name joins what follows only where no listed one would lose its given name. Everything
    else stands alone: full names (克林顿), given names (小平), family names before a title (江 主席). Of all readings
    the one with the fewest people is taken.

    >>> people(["邓", "小平", "江", "泽民"]), people(["马克思", "恩格斯"]), people(["陈", "方", "安生"])
    ([(0, 2), (2, 4)], [(0, 1), (1, 2)], [(0, 3)])
    """
    best: list[tuple[float, int]] = [(0.0, 0)]  # for the first n words: the cost, and where the last person starts
    for end in range(1, len(words) + 1):
        choices = [(best[end - n][0] + _cost(words[end - n : end]), end - n) for n in range(1, min(3, end) + 1)]
        best.append(min(choices))
    found: list[Range] = []
    end = len(words)
    while end:
        found.append((best[end][1], end))
        end = best[end][1]
    return found[::-1]


def _cost(words: Sequence[str]) -> float:
    """How unlikely it is that these words are one person; 1 is a plain person."""
    if len(words) == 1:
        return 1.0
    *family, given = words
    if _DESCRIBED.search(given) is None and len(given) > 2:
        return float("inf")
    if len(family) == 1:
        if _is_family_name(family[0]):
            return 1.0
        return 1.5 if len(family[0]) == 1 else float("inf")
    married = all(map(_is_family_name, family)) and len(given) == 2 and not _is_family_name(given)
    return 1.25 if married else float("inf")


def _is_family_name(word: str) -> bool:
    return word in FAMILY_NAMES or word in COMPOUND_FAMILY_NAMES
