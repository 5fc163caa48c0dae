"""Personal names in Chinese characters: how they are built, which origin they look like, both ways of writing them.

Everything is inferred from characters. Names of China's other peoples and transliterated ones are short lists of common
names, written for this project from general knowledge: they find the common ones and say nothing of the others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipeline.language.zh import COMPOUND_FAMILY_NAMES, FAMILY_NAMES

CHINESE, COMPOUND, MINORITY, TRANSLITERATED, JAPANESE = (
    "chinese", "chinese_compound", "chinese_minority", "transliterated", "japanese",
)  # fmt: skip
COMMON_COMPOUND = ("欧阳", "司马", "上官", "诸葛", "司徒", "东方", "皇甫", "慕容", "令狐", "尉迟")
"""The compound family names to draw from, roughly as common as they are listed."""

_CALLED = "小老大阿"  # before a family name: a younger or an older one
DOTS = "·・•‧∙⋅．"

TRANSLITERATION = frozenset(
    "丁不丹久乌乔买亚亨什代伊佐佩依克兹内切列利加努劳勒博卜卡卢古司吉哈图地坦埃基塔塞多夫奇奥姆威娃娜孜宾尔尤尼巴布希"
    "帕库廉弗德恩戈戴扎托拉措提斯施旦旺易普曼朗木杜来查格桑森次比沃沙法洛潘特玛珠理瓦甘皮科穆米索约纳维罕罗翰耶肯舍艾"
    "苏茨莎莫莱菲萨蒂蒙西诺谢贝费贾赛赫路辛达迈迪逊那都里钦阿雅雷霍韦顿马鲁默齐"
)
"""Characters of five or more of the People's Daily's different names of one word (three characters and more), at least
four times as common there as in its given names after a family name; without those of Japanese names."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\S+", text))


MINORITY_NAMES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {  # people → (female, male)
    "tibetan": (
        _words("卓玛 央金 拉姆 德吉 白玛 曲珍 梅朵 措姆 卓嘎 拉珍 白珍"),
        _words("扎西 多吉 平措 丹增 旺堆 顿珠 桑杰 群培 格列 晋美 旺杰"),
    ),
    "uyghur": (
        _words("阿依古丽 帕提古丽 热依汗 茹仙古丽 阿孜古丽 努尔古丽 阿依努尔 古丽娜尔 帕提曼"),
        _words("买买提 吐尔逊 艾合买提 阿不都拉 木拉提 热合曼 司马义 铁木尔 玉素甫 卡德尔"),
    ),
    "mongolian": (
        _words("其其格 图雅 乌兰 萨仁 娜仁 其木格 乌云其木格 斯琴高娃 娜仁花"),
        _words("巴特尔 布赫 巴图 宝音 那顺 朝鲁 格日勒图 乌力吉 巴雅尔"),
    ),
}

TRANSLITERATED_NAMES: tuple[tuple[str, ...], ...] = (  # female given, male given, family names
    _words(
        "玛丽 詹妮弗 琳达 伊丽莎白 芭芭拉 苏珊 杰西卡 萨拉 凯伦 南希 丽莎 玛格丽特 桑德拉 艾米莉 米歇尔 卡罗尔 "
        "阿曼达 梅丽莎 斯蒂芬妮 丽贝卡 劳拉 海伦 安娜 凯瑟琳 黛博拉 艾米 雪莉 安吉拉 帕梅拉 娜塔莎 希拉里 "
        "索菲亚 朱莉娅 玛利亚 叶连娜 索尼娅"
    ),
    _words(
        "约翰 詹姆斯 罗伯特 迈克尔 威廉 戴维 理查德 约瑟夫 托马斯 查尔斯 克里斯托弗 丹尼尔 马修 安东尼 马克 "
        "唐纳德 史蒂文 保罗 安德鲁 肯尼思 乔治 爱德华 布莱恩 罗纳德 凯文 杰森 弗兰克 雷蒙德 彼得 卡洛斯 "
        "弗拉基米尔 鲍里斯 穆罕默德 艾哈迈德 阿卜杜拉 让"
    ),
    _words(
        "史密斯 约翰逊 威廉斯 布朗 琼斯 米勒 戴维斯 威尔逊 安德森 泰勒 摩尔 杰克逊 马丁 汤普森 怀特 哈里斯 "
        "克拉克 刘易斯 罗宾逊 沃克 霍尔 艾伦 赖特 斯科特 格林 贝克 亚当斯 纳尔逊 米切尔 坎贝尔 罗伯茨 卡特 "
        "菲利普斯 埃文斯 特纳 帕克"
    ),
)

_MINORITY = sorted({n for lists in MINORITY_NAMES.values() for names in lists for n in names}, key=len, reverse=True)
_WHOLE = re.compile(f"(?:{'|'.join(_MINORITY)})+")
_PART = re.compile(f"(?:{'|'.join(n for n in _MINORITY if len(n) > 2)}).*|.*古丽")  # 买买提明, 阿不都拉江

_PAIRS = (
    "鐘钟辺边斉齐斎斋萬万叢丛東东嚴严豐丰麗丽義义烏乌樂乐喬乔習习買买雲云亞亚從从偉伟倫伦儲储黨党蘭兰關关茲兹內内"
    "軍军農农馮冯況况鳳凤凱凯劉刘剛刚別别勞劳區区華华單单盧卢衛卫厲厉臺台葉叶呂吕吳吴國国圖图奧奥婁娄婭娅孫孙寧宁"
    "寶宝宮宫賓宾爾尔堯尧鞏巩帥帅師师莊庄庫库應应龐庞張张彌弥強强歸归當当懷怀戰战時时晉晋權权來来楊杨傑杰欒栾樓楼"
    "歡欢歐欧畢毕湯汤潔洁濤涛溫温滿满熱热愛爱獨独瑪玛瓊琼暢畅蓋盖盤盘離离竇窦簡简紅红約约紀纪納纳練练經经維维繆缪"
    "羅罗聶聂騰腾蘆芦蘇苏荊荆榮荣萊莱瑩莹蕭萧薩萨蔣蒋藍蓝藺蔺計计讓让許许諸诸諾诺談谈諶谌謝谢譚谭貝贝貢贡費费賀贺"
    "賈贾資资賴赖賽赛趙赵車车軒轩輝辉轅辕邊边達达過过邁迈連连遲迟遜逊鄧邓鄺邝鄔邬鄒邹鄭郑釋释鍾钟欽钦鈕钮錢钱鐵铁"
    "銀银長长門门閆闫閉闭閔闵聞闻閭闾閻阎闕阙闞阚陽阳陰阴陸陆陳陈靜静韋韦韓韩項项順顺顧顾頓顿穎颖顏颜飛飞饒饶馬马"
    "駱骆魯鲁鮑鲍鮮鲜鵬鹏麥麦黃黄齊齐龍龙龔龚彥彦賢贤銘铭進进財财鴻鸿瑋玮興兴憲宪勝胜諺谚發发誠诚聰聪遠远碩硕貞贞"
    "蓮莲鈺钰詩诗詠咏語语艷艳鈴铃橋桥島岛岡冈"
)
PAIRS: Mapping[str, str] = dict(re.findall("(.)(.)", _PAIRS))
"""Traditional → simplified. Where several stand for one simplified character, the last is the one to write."""

_SIMPLIFIED = str.maketrans(dict(PAIRS))
_TRADITIONAL = str.maketrans({simple: traditional for traditional, simple in PAIRS.items()})


def simplified(name: str) -> str:
    """The name in simplified characters, as far as a table goes: no text, and no character of another kind of word.

    The table holds the family names, the given names of Faker and the names and characters of this file; what it
    lacks stays as it is.

    >>> simplified("歐陽淑芬"), traditional("欧阳淑芬"), traditional("范丽华")
    ('欧阳淑芬', '歐陽淑芬', '范麗華')
    """
    return name.translate(_SIMPLIFIED)


def traditional(name: str) -> str:
    """The name in traditional characters, as far as the table goes."""
    return name.translate(_TRADITIONAL)


def family_name(name: str) -> str:
    """The family name that a full name in simplified characters begins with: the longest; empty where there is none.

    >>> family_name("欧阳修"), family_name("李鹏"), family_name("江"), family_name("欧阳"), family_name("扎西")
    ('欧阳', '李', '', '', '')
    """
    if name[:2] in COMPOUND_FAMILY_NAMES and len(name) < 5:
        return name[:2] if len(name) > 2 else ""
    married = len(name) == 4 and name[0] in FAMILY_NAMES and name[1] in FAMILY_NAMES
    return name[:1] if name[:1] in FAMILY_NAMES and (len(name) in (2, 3) or married) else ""


def chinese_origin(name: str, japanese: frozenset[str]) -> str:
    """The origin that a name in simplified characters looks like, by the first rule that holds; else empty.

    1. `chinese_minority`: it is made of the listed names of Tibetans, Uyghurs and Mongols, or a part beside a dot is.
    2. `transliterated`: it has a dot.
    3. `chinese_compound`: it begins with a listed family name of two characters and no two characters
       typical of transliteration follow.
    4. `japanese`: it begins with a listed Japanese family name of two characters, `japanese`, and is no plain Chinese
       name (高桥明) and nothing that people are called (小林).
    5. `chinese`: a family name and a given name of one or two characters that are not both typical of transliteration,
       or two family names and a given name of which none is.
    6. `transliterated`: three characters or more, of which two and at least half are typical of transliteration.

    >>> [chinese_origin(n, frozenset()) for n in ("李鹏", "欧阳修", "阿拉法特", "约翰·布朗", "扎西多吉", "小平")]
    ['chinese', 'chinese_compound', 'transliterated', 'transliterated', 'chinese_minority', '']
    """
    parts = [part for part in re.split(f"[{DOTS}]", name) if part]
    if _minority(parts):
        return MINORITY
    if len(parts) > 1:
        return TRANSLITERATED
    family = family_name(name)
    foreign = [c in TRANSLITERATION for c in name]
    if len(family) == 2 and not (len(name) == 4 and all(foreign[2:])):
        return COMPOUND
    plain = name[0] in FAMILY_NAMES if len(name) == 3 else len(name) == 2 and name[0] in _CALLED
    if name[:2] in japanese and not plain and not all(foreign):
        return JAPANESE
    rest = foreign[len(family) :]
    if family and not (any(rest[-2:]) if len(name) == 4 else len(name) > 2 and all(rest)):
        return CHINESE
    enough = len(name) > 2 and sum(foreign) >= max(2, len(name) / 2)
    return TRANSLITERATED if enough else ""


def _minority(parts: list[str]) -> bool:
    """Whether the name is made of listed ones, or one of its parts is or begins with a long one."""
    if len(parts) == 1:
        return _WHOLE.fullmatch(parts[0]) is not None
    return any(_WHOLE.fullmatch(part) or _PART.fullmatch(part) for part in parts)
