"""What the invented customers of the sample feed write: English, Polish, Russian and Lithuanian.

Kept apart from make_feed.py so that a native speaker can read and mend the sentences without reading code.
Every list is by language; make_feed.py takes one entry, or joins an opening and a detail.
"""

PRAISE_KIND = {  # mentions a word of the lexicon staff_kindness
    "en": [
        "The young man at the counter was so helpful, he even carried the box to my car.",
        "Friendly people, they remembered me from last time.",
        "A very kind lady explained everything twice without making me feel stupid.",
        "Your colleague was patient with my two children and with me.",
        "Quick, friendly and honest. That is how I like to shop.",
        "She went out of her way to find the last one in my size.",
    ],
    "pl": [
        "Bardzo uprzejma obsługa, pani przy kasie od razu zapytała, czy może pomóc.",
        "Pan z serwisu był niezwykle życzliwy i wszystko spokojnie wytłumaczył.",
        "Pomocny sprzedawca, dobrał dokładnie to, czego szukałam.",
        "Miła atmosfera i uprzejmi ludzie, chętnie wrócę.",
        "Trafiłam na miłą panią, która doradziła mi tańszy model. Rzadko się to zdarza.",
    ],
    "ru": [
        "Очень вежливая девушка на кассе, всё быстро и с улыбкой.",
        "Продавец был доброжелателен и помог подобрать подарок.",
        "Приветливый персонал, приятно зайти даже просто посмотреть.",
        "Отзывчивые сотрудники: помогли донести покупки до машины.",
        "Вежливо и по делу объяснили, чем отличаются модели.",
    ],
    "lt": [
        "Labai maloni pardavėja, viską paaiškino be skubėjimo.",
        "Paslaugus konsultantas padėjo išsirinkti ir net nunešė iki automobilio.",
        "Draugiškas aptarnavimas, tikrai grįšiu.",
        "Maloniai priėmė prekę grąžinti, jokių problemų.",
        "Maloniai nustebino, kad mane prisiminė.",
    ],
}

PRAISE = {
    "en": [
        "Everything was ready when they said it would be.",
        "Good prices and I found what I needed in five minutes.",
        "Parcel came a day early and well packed.",
        "Two years with the coffee machine and not a single problem.",
        "The new self-checkout finally works.",
        "Love the loyalty card, it actually saves me money.",
    ],
    "pl": [
        "Wszystko zgodnie z opisem, paczka dotarła dzień wcześniej.",
        "Szybkie zakupy, czysto i przejrzyście.",
        "Świetny wybór i uczciwe ceny.",
        "Zwrot załatwiony w trzy minuty, tak powinno być wszędzie.",
        "Polecam znajomym, jeszcze nigdy się nie zawiodłem.",
    ],
    "ru": [
        "Заказ привезли раньше срока, всё цело.",
        "Хороший выбор и понятные ценники.",
        "Быстро нашёл то, что нужно, и сразу оплатил.",
        "Возврат оформили за пару минут, спасибо.",
        "Пользуюсь второй год, всё работает отлично.",
    ],
    "lt": [
        "Siunta atkeliavo diena anksčiau, viskas tvarkingai supakuota.",
        "Geras pasirinkimas ir aiškios kainos.",
        "Greitai radau, ko reikia, eilės nebuvo.",
        "Pinigus už grąžintą prekę gavau jau kitą dieną.",
        "Rekomenduosiu draugams.",
    ],
}

MIDDLING = {
    "en": ["Fine, nothing special.", "Good shop, a little expensive.", "All right, but the music is too loud.",
           "Decent, though parking is a nightmare on Saturdays."],
    "pl": ["W porządku, bez zachwytu.", "Dobrze, ale trochę drogo.", "Sklep ładny, tylko muzyka za głośna.",
           "Ogólnie dobrze, choć trudno zaparkować."],
    "ru": ["Нормально, ничего особенного.", "Неплохо, но дороговато.", "Хороший магазин, только музыка слишком громкая.",
           "В целом хорошо, но негде припарковаться."],
    "lt": ["Normaliai, nieko ypatinga.", "Gerai, bet brangoka.", "Parduotuvė graži, tik muzika per garsi.",
           "Iš esmės gerai, bet sunku rasti vietą automobiliui."],
}

LONG_MIDDLING = {  # over 120 characters, for the rule on trial
    "en": [
        "I like the store and I keep coming back, but every time something has moved to another shelf. "
        "A simple map at the entrance would save me ten minutes and your staff a lot of questions.",
        "The product is good and the price is fair. What I missed was somebody telling me that I also need "
        "the adapter; I had to come back a second time just for that.",
    ],
    "pl": [
        "Lubię ten sklep i chętnie wracam, ale przy każdej wizycie coś stoi na innej półce. Prosta mapka przy "
        "wejściu oszczędziłaby mi dziesięć minut, a Państwu wielu pytań.",
        "Produkt dobry i cena uczciwa. Zabrakło tylko informacji, że potrzebna będzie jeszcze przejściówka, "
        "i musiałem przyjechać drugi raz specjalnie po nią.",
    ],
    "ru": [
        "Магазин мне нравится, я хожу сюда постоянно, но каждый раз товары стоят на новых местах. Простая схема "
        "у входа сэкономила бы мне десять минут, а вам — множество вопросов.",
    ],
    "lt": [
        "Parduotuvė man patinka ir dažnai čia užsuku, bet kaskart prekės būna vis kitose lentynose. Paprastas planas "
        "prie įėjimo man sutaupytų dešimt minučių, o jums – daugybę klausimų.",
    ],
}

POOR = {  # by touchpoint, then language
    "checkout": {
        "en": ["Two tills open out of eight and a queue to the door.",
               "Nobody helped me, I stood there for ten minutes.",
               "Paid at the till and the discount on the shelf was not applied."],
        "pl": ["Dwie kasy otwarte z ośmiu i kolejka aż do drzwi.",
               "Stałem dziesięć minut i nikt nawet na mnie nie spojrzał.",
               "Przy kasie cena inna niż na półce."],
        "ru": ["Из восьми касс работают две, очередь до самых дверей.",
               "Простоял десять минут, никто даже не подошёл.",
               "На кассе цена оказалась выше, чем на полке."],
        "lt": ["Iš aštuonių kasų dirba dvi, eilė iki pat durų.",
               "Stovėjau dešimt minučių ir niekas nepriėjo.",
               "Kasoje kaina kitokia nei lentynoje."],
    },
    "delivery": {
        "en": ["Third delivery date and still no parcel.",
               "The courier never rang the bell and left a note that I was not at home.",
               "Box was open and a part is missing."],
        "pl": ["Trzeci termin dostawy i nadal nic.",
               "Kurier nawet nie zadzwonił, a w systemie wpisał, że nikogo nie było.",
               "Karton otwarty, brakuje jednej części."],
        "ru": ["Уже третья дата доставки, а посылки всё нет.",
               "Курьер даже не позвонил, а в системе написал, что никого не было дома.",
               "Коробка вскрыта, одной детали не хватает."],
        "lt": ["Jau trečia pristatymo data, o siuntos vis dar nėra.",
               "Kurjeris net nepaskambino, o sistemoje įrašė, kad nieko nerado namuose.",
               "Dėžė atplėšta, trūksta vienos detalės."],
    },
    "store_visit": {
        "en": ["Could not find anybody to ask.",
               "The seller knew less about it than I did.",
               "Messy shelves and half of the price tags are missing."],
        "pl": ["Nie było kogo zapytać.",
               "Sprzedawca wiedział o tym produkcie mniej niż ja.",
               "Bałagan na półkach, połowa cen nieaktualna."],
        "ru": ["Некого было спросить, в зале ни одного продавца.",
               "Продавец знал о товаре меньше, чем я.",
               "На полках беспорядок, половины ценников нет."],
        "lt": ["Nebuvo ko paklausti, salėje nė vieno darbuotojo.",
               "Pardavėjas apie prekę žinojo mažiau nei aš.",
               "Lentynose netvarka, pusės kainų nėra."],
    },
    "service": {
        "en": ["Three weeks for a repair and nobody called me back.",
               "Sent from one desk to another and back again."],
        "pl": ["Trzy tygodnie naprawy i ani jednego telefonu.",
               "Odsyłano mnie od okienka do okienka."],
        "ru": ["Три недели ремонта и ни одного звонка.",
               "Гоняли от одного окошка к другому."],
        "lt": ["Trys savaitės remonto ir nė vieno skambučio.",
               "Siuntinėjo nuo vieno langelio prie kito."],
    },
    "online_order": {
        "en": ["The website took my money and then cancelled the order.",
               "It said in stock. It was not."],
        "pl": ["Strona pobrała pieniądze, a potem anulowała zamówienie.",
               "Miało być dostępne od ręki, a nie było."],
        "ru": ["Сайт списал деньги, а потом отменил заказ.",
               "На сайте товар был в наличии, а на деле его не оказалось."],
        "lt": ["Svetainė nuskaitė pinigus, o paskui atšaukė užsakymą.",
               "Rodė, kad prekė yra, o iš tikrųjų jos nebuvo."],
    },
    "usage": {
        "en": ["Broke after two weeks of normal use.", "The manual is useless."],
        "pl": ["Zepsuło się po dwóch tygodniach zwykłego używania.", "Instrukcja jest bezużyteczna."],
        "ru": ["Сломалось через две недели обычного использования.", "Инструкция бесполезна."],
        "lt": ["Sugedo po dviejų savaičių įprasto naudojimo.", "Instrukcija nieko nepaaiškina."],
    },
}

HIDDEN = {  # mentions a word of the lexicon hidden_conditions
    "en": ["The voucher was worthless, it is all in the small print.",
           "Misleading advertisement: the price was for members only."],
    "pl": ["Promocja tylko z nazwy, reszta drobnym drukiem.",
           "Reklama wprowadza w błąd, taka cena obowiązuje tylko z kartą."],
    "ru": ["Все важные условия написаны мелким шрифтом, чувствую себя обманутым.",
           "Реклама — чистый обман, эта цена только для своих."],
    "lt": ["Visos sąlygos parašytos smulkiu šriftu.",
           "Reklama klaidinanti: ši kaina galioja tik su kortele."],
}

GOODBYE = {  # mentions a word of the lexicon leaving
    "en": ["Never again. There are other shops in this town.",
           "That was the last time, I am going elsewhere."],
    "pl": ["Nigdy więcej nie zrobię tu zakupów.",
           "To był ostatni raz, przenoszę się do konkurencji."],
    "ru": ["Больше не приду, хватит.",
           "Это был последний раз, ухожу к конкурентам."],
    "lt": ["Daugiau čia neisiu, gana.", "Tai buvo paskutinį kartą, einu pas konkurentus."],
}

COMPLAINTS = {  # by topic, then language
    "delivery": {
        "en": ["My order has not arrived and nobody can tell me where it is.", "Delivered to the wrong address, again."],
        "pl": ["Zamówienie nie dotarło i nikt nie potrafi powiedzieć, gdzie jest.", "Paczkę znowu dostarczono pod zły adres."],
        "ru": ["Заказ не привезли, и никто не может сказать, где он.", "Посылку опять доставили не по тому адресу."],
        "lt": ["Užsakymas neatkeliavo ir niekas negali pasakyti, kur jis yra.", "Siuntą vėl pristatė ne tuo adresu."],
    },
    "invoice": {
        "en": ["I asked for an invoice twice and still have none.", "The invoice shows the wrong company name."],
        "pl": ["Dwa razy prosiłam o fakturę i nadal jej nie mam.", "Na fakturze jest błędna nazwa firmy."],
        "ru": ["Дважды просила счёт-фактуру, до сих пор не прислали.", "В счёте указано неверное название фирмы."],
        "lt": ["Du kartus prašiau sąskaitos faktūros ir vis dar jos neturiu.", "Sąskaitoje neteisingas įmonės pavadinimas."],
    },
    "returns": {
        "en": ["You took the return back two weeks ago; where is my money?", "They refuse the return although the box is sealed."],
        "pl": ["Zwrot przyjęto dwa tygodnie temu, gdzie są moje pieniądze?", "Nie chcą przyjąć zwrotu, choć opakowanie jest nienaruszone."],
        "ru": ["Товар вернула две недели назад, где мои деньги?", "Отказываются принять возврат, хотя упаковка не вскрыта."],
        "lt": ["Prekę grąžinau prieš dvi savaites, kur mano pinigai?", "Nepriima grąžinamos prekės, nors pakuotė neatplėšta."],
    },
    "staff": {
        "en": ["The man at the counter rolled his eyes when I asked a question.", "I was told to come back when it is less busy."],
        "pl": ["Sprzedawca przewracał oczami, kiedy o coś zapytałem.", "Kazano mi przyjść, kiedy będzie mniejszy ruch."],
        "ru": ["Продавец закатил глаза, когда я задал вопрос.", "Мне сказали прийти, когда будет поменьше народу."],
        "lt": ["Pardavėjas vartė akis, kai kažko paklausiau.", "Liepė ateiti, kai bus mažiau žmonių."],
    },
    "quality": {
        "en": ["The kettle leaks after a month.", "The jacket lost its colour in the first wash."],
        "pl": ["Czajnik po miesiącu przecieka.", "Kurtka straciła kolor po pierwszym praniu."],
        "ru": ["Чайник через месяц начал протекать.", "Куртка полиняла после первой же стирки."],
        "lt": ["Virdulys po mėnesio ėmė leisti vandenį.", "Striukė išbluko po pirmo skalbimo."],
    },
}

REVIEWS_BAD = {
    "en": ["Still waiting for my refund. Avoid.", "Never again, worst service desk in town."],
    "pl": ["Nigdy więcej, najgorsza obsługa w mieście.", "Przenoszę się gdzie indziej, szkoda nerwów."],
    "ru": ["Больше не приду и другим не советую.", "Ноги моей здесь больше не будет."],
    "lt": ["Daugiau niekada, prasčiausias aptarnavimas mieste.", "Daugiau neisiu ir kitiems nepatariu."],
}
