"""What invented customers write, in four languages. Words of the lexicons `leaving` and `fine_print` stand only where the
names below say so; `make_feed.py` picks from here."""

PRAISE = {
    "en": ["Fast line, fair price.", "The technician explained everything and even tidied up.", "Works since the first day.",
           "Answered within a minute, solved within five."],
    "pl": ["Szybkie łącze, uczciwa cena.", "Technik wszystko wytłumaczył i jeszcze po sobie posprzątał.", "Działa od pierwszego dnia.",
           "Odebrali po minucie, po pięciu było załatwione."],
    "ru": ["Быстрый интернет и честная цена.", "Мастер всё объяснил и даже убрал за собой.", "Работает с первого дня.",
           "Ответили через минуту, решили за пять."],
    "lt": ["Greitas ryšys, sąžininga kaina.", "Technikas viską paaiškino ir dar susitvarkė.", "Veikia nuo pirmos dienos.",
           "Atsiliepė po minutės, po penkių viskas buvo sutvarkyta."],
}

MIDDLING = {
    "en": ["Fine most of the time.", "Good line, slow hotline."],
    "pl": ["Zwykle w porządku.", "Łącze dobre, infolinia powolna."],
    "ru": ["В целом нормально.", "Интернет хороший, но до оператора долго дозваниваться."],
    "lt": ["Dažniausiai viskas gerai.", "Ryšys geras, bet ilgai tenka laukti prie telefono."],
}

POOR = {
    "internet": {
        "en": ["Every evening at eight the films stop.", "A third of the speed I pay for."],
        "pl": ["Co wieczór o ósmej zacina się film.", "Jedna trzecia prędkości, za którą płacę."],
        "ru": ["Каждый вечер в восемь всё зависает.", "Треть той скорости, за которую я плачу."],
        "lt": ["Kas vakarą aštuntą filmai stringa.", "Trečdalis greičio, už kurį moku."],
    },
    "hotline": {
        "en": ["Half an hour of music, then the line went dead.", "Three colleagues, three different answers."],
        "pl": ["Pół godziny muzyki i rozłączyło.", "Trzech konsultantów i trzy różne odpowiedzi."],
        "ru": ["Полчаса музыки, а потом связь оборвалась.", "Три сотрудника — три разных ответа."],
        "lt": ["Pusvalandis muzikos, ir ryšys nutrūko.", "Trys konsultantai – trys skirtingi atsakymai."],
    },
    "technician": {
        "en": ["I took a day off and nobody came.", "He drilled the hole and left the dust."],
        "pl": ["Wziąłem dzień wolny i nikt nie przyjechał.", "Wywiercił dziurę i zostawił kurz."],
        "ru": ["Отпросился с работы, а никто не пришёл.", "Просверлил стену и оставил пыль."],
        "lt": ["Pasiėmiau laisvą dieną, o niekas neatvyko.", "Išgręžė skylę ir paliko dulkes."],
    },
    "bill": {
        "en": ["I cannot make head or tail of this bill.", "Dearer every year."],
        "pl": ["Z tego rachunku nic nie rozumiem.", "Co roku drożej."],
        "ru": ["В этом счёте невозможно разобраться.", "С каждым годом всё дороже."],
        "lt": ["Iš šios sąskaitos nieko nesuprantu.", "Kasmet vis brangiau."],
    },
    "shop": {
        "en": ["One colleague for eleven customers."],
        "pl": ["Jedna osoba na jedenastu klientów."],
        "ru": ["Один сотрудник на одиннадцать клиентов."],
        "lt": ["Vienas darbuotojas vienuolikai klientų."],
    },
}

LEAVING = {  # mentions a word of the lexicon leaving
    "en": ["I will port my number at the end of the month.", "My neighbour has another provider and no such trouble.", "I have had enough."],
    "pl": ["Przenoszę numer, szkoda nerwów.", "Sąsiad ma innego operatora i święty spokój.", "Mam dość czekania."],
    "ru": ["Перенесу номер, надоело.", "Соседи перешли к другому оператору и довольны.", "Хватит обещаний, сменю оператора."],
    "lt": ["Keičiu operatorių, gana pažadų.", "Kaimynai pasirinko kitą operatorių ir patenkinti.", "Nutrauksiu sutartį."],
}

FINE_PRINT = {  # mentions a word of the lexicon fine_print
    "en": ["There is a hidden charge for paper bills.", "I never agreed to the sports channels."],
    "pl": ["Opłata za router drobnym drukiem.", "Nie zamawiałem kanałów sportowych."],
    "ru": ["Навязали спортивные каналы.", "Плата за роутер — мелким шрифтом."],
    "lt": ["Mokestis už maršruto parinktuvą – smulkiu šriftu.", "Sporto kanalų neužsakiau."],
}
